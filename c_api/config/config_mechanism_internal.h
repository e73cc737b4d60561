/* What the mechanisms allow, and need. */
#ifndef MOCO_CONFIG_CONFIG_MECHANISM_INTERNAL_H
#define MOCO_CONFIG_CONFIG_MECHANISM_INTERNAL_H

#include "moco/config.h"

/* Checks that the options of the method fit the mechanism. */
moco_status moco__config_check_mechanism(const moco_config *config);

/* Warns of options of the method with which the features become poor. */
void moco__config_warn_of_mechanism(const moco_config *config);

#endif
