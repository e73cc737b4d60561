/* Finds the tensors of an encoder by their names. */
#ifndef MOCO_WEIGHTS_ENCODER_STATE_INTERNAL_H
#define MOCO_WEIGHTS_ENCODER_STATE_INTERNAL_H

#include "moco/encoder.h"

/* Returns the parameter or buffer of a name, borrowed, or NULL. */
moco_tensor *moco__encoder_find(const moco_encoder *encoder, const char *name);
/* Returns whether a name, without prefix, belongs to the backbone of a ResNet. */
bool moco__is_body(const char *name);
/* Returns whether a name belongs to the head. */
bool moco__is_head(const char *name);

#endif
