/* The encoder that a configuration describes. */
#ifndef MOCO_C_API_ENCODER_OPTIONS_H
#define MOCO_C_API_ENCODER_OPTIONS_H

#include "moco/config.h"
#include "moco/encoder.h"

/* Options of a resolved configuration's encoder; its arch is borrowed from the configuration. */
moco_encoder_options moco__encoder_options(const moco_config *config, moco_device device);

#endif
