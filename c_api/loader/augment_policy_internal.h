/* Reads policies of any struct_size. */
#ifndef MOCO_LOADER_AUGMENT_POLICY_INTERNAL_H
#define MOCO_LOADER_AUGMENT_POLICY_INTERNAL_H

#include "moco/augment.h"

/* Copies what the caller knows of a policy over the defaults, and checks every range. */
moco_status moco__augment_policy_read(moco_augment_policy *out, const moco_augment_policy *policy);

#endif
