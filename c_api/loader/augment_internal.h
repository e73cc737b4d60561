/* What the loader and the tests ask of augmentations beside the public calls. */
#ifndef MOCO_LOADER_AUGMENT_INTERNAL_H
#define MOCO_LOADER_AUGMENT_INTERNAL_H

#include "moco/augment.h"

#include "base/rng_internal.h"
#include "loader/stages_internal.h"

/* A part of an image. */
typedef struct moco__box {
    int32_t top, left, height, width;
} moco__box;

/* RandomResizedCrop.get_params of torchvision for an image of width x height. */
moco__box moco__random_crop(moco__rng *rng, int32_t width, int32_t height, const double scale[2],
                            const double ratio[2]);

/* The part of an image of width x height that a policy will read: a random crop's box where it begins with one. */
moco__box moco__augment_reads(const moco_augment_policy *policy, moco_augment_key key, int32_t width, int32_t height);

/* Applies a policy that was checked; the watch, or NULL, learns how long each stage took. */
moco_status moco__augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                                const moco_augment_policy *policy, moco_augment_key key, moco__stages *watch);

#endif
