/* Reads policies of any struct_size, checks them, and names their operations. */
#ifndef MOCO_LOADER_AUGMENT_POLICY_INTERNAL_H
#define MOCO_LOADER_AUGMENT_POLICY_INTERNAL_H

#include "moco/augment.h"

/* Copies what the caller knows of a policy over the defaults, and checks every range. */
moco_status moco__augment_policy_read(moco_augment_policy *out, const moco_augment_policy *policy);

/* Checks every range of a full policy; a callback may be missing. */
moco_status moco__augment_check_numbers(const moco_augment_policy *policy);

/* Returns the preset without randomness that fits networks trained with a preset; NULL if that is itself only for
 * evaluation, or unknown. */
const char *moco__augment_eval_preset(const char *name);

/* Returns the name of a kind of operation; NULL beyond the last. */
const char *moco__augment_kind_name(size_t kind);

#endif
