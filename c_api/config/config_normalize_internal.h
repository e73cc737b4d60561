/* Reads and writes the option normalize: how the values of each channel are scaled. */
#ifndef MOCO_CONFIG_CONFIG_NORMALIZE_INTERNAL_H
#define MOCO_CONFIG_CONFIG_NORMALIZE_INTERNAL_H

#include "moco/config.h"

/* Where the mean and the standard deviation of a configuration come from. */
typedef enum moco__normalize {
    MOCO__NORMALIZE_OWN,      /* the augmentation's own, for 3 channels */
    MOCO__NORMALIZE_MEASURED, /* "auto": they are still to be measured */
    MOCO__NORMALIZE_GIVEN     /* the text gives them */
} moco__normalize;

/* Reads the option; `statistics` is filled in if they are given. Fails if the text does not fit the channels. */
moco_status moco__normalize_read(moco__normalize *out, moco_statistics *statistics, const moco_config *config);

/* Writes measured statistics into the option, with six digits. */
void moco__normalize_write(moco_config *config, const moco_statistics *statistics);

#endif
