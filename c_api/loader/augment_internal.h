/* Applies policies, and finds the part of an image that a policy reads. */
#ifndef MOCO_LOADER_AUGMENT_INTERNAL_H
#define MOCO_LOADER_AUGMENT_INTERNAL_H

#include "moco/augment.h"

#include "base/rng_internal.h"

/* Returns a random box of an image of width x height: RandomResizedCrop.get_params of torchvision. */
moco_box moco__random_crop(moco__rng *rng, int32_t width, int32_t height, const double scale[2], const double ratio[2]);

/* Returns the part of an image of width x height that a policy will read: its first random crop, or all. */
moco_box moco__augment_reads(const moco_augment_policy *policy, moco_augment_key key, int32_t width, int32_t height);

/* Applies a policy that was checked. */
moco_status moco__augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                                const moco_augment_policy *policy, moco_augment_key key);

#endif
