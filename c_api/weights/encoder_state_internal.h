/* The tensors of an encoder by their names. */
#ifndef MOCO_WEIGHTS_ENCODER_STATE_INTERNAL_H
#define MOCO_WEIGHTS_ENCODER_STATE_INTERNAL_H

#include "moco/encoder.h"

/* The parameter or buffer of a name; NULL where there is none; borrowed. */
moco_tensor *moco__encoder_find(const moco_encoder *encoder, const char *name);
/* Whether a name is of the head, and not of the body below it. */
bool moco__is_head(const char *name);

#endif
