/* Checks the augmentation that a configuration describes. */
#ifndef MOCO_CONFIG_CONFIG_CHECK_POLICY_INTERNAL_H
#define MOCO_CONFIG_CONFIG_CHECK_POLICY_INTERNAL_H

#include "moco/config.h"

/* Checks the augmentation of both views, and its strengths. */
moco_status moco__config_check_policy(const moco_config *config);

#endif
