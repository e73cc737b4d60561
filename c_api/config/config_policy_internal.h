/* Makes the augmentation policies that a configuration describes. */
#ifndef MOCO_CONFIG_CONFIG_POLICY_INTERNAL_H
#define MOCO_CONFIG_CONFIG_POLICY_INTERNAL_H

#include "moco/config.h"

/* Makes a policy as moco_config_policy() does, but for the channels and their normalisation, which may be measured
 * later. The configuration is complete. */
moco_status moco__config_operations(moco_augment_policy *out, const moco_config *config, moco_policy_use use);

#endif
