/* The defaults of a configuration, and settings as texts. */
#ifndef MOCO_CONFIG_CONFIG_DEFAULTS_INTERNAL_H
#define MOCO_CONFIG_CONFIG_DEFAULTS_INTERNAL_H

#include "moco/config.h"

typedef struct moco__setting {
    const char *name, *value;
} moco__setting;

/* The reference's v1 recipe, which every preset starts from. */
extern const moco__setting moco__config_v1[];
extern const size_t moco__config_v1_count;

/* Sets up to @p count options of a full configuration; a NULL name ends them. */
moco_status moco__config_apply(moco_config *config, const moco__setting *settings, size_t count);

/* Fills in a full configuration, its struct_size too. */
void moco__config_defaults(moco_config *config);

#endif
