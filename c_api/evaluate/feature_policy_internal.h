/* Decides how images are prepared for features. */
#ifndef MOCO_EVALUATE_FEATURE_POLICY_INTERNAL_H
#define MOCO_EVALUATE_FEATURE_POLICY_INTERNAL_H

#include "moco/evaluate.h"

/* Reads options of features of any struct_size. */
moco_status moco__features_options_read(moco_features_options *out, const moco_features_options *options);

/* Makes the policy that the options describe. */
moco_status moco__features_policy(moco_augment_policy *out, const moco_features_options *options);

#endif
