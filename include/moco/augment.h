/**
 * @file augment.h
 * Augmentation policies as data: a table of operations that an application can compose.
 *
 * All draws of a view come from Philox4x32-10 keyed by (seed; epoch, index, view), so pixels depend neither on the
 * number of workers nor on the order of work.
 */
#ifndef MOCO_AUGMENT_H
#define MOCO_AUGMENT_H

#include "image.h"

MOCO_BEGIN_DECLS

/** What an operation does, and what its four parameters mean. @since 0.1 */
typedef enum moco_augment_kind {
    MOCO_RANDOM_RESIZED_CROP, /**< to size x size: area scale min, max; aspect ratio min, max (log-uniform, 10 tries) */
    MOCO_COLOR_JITTER,        /**< brightness, contrast, saturation, hue, in random order */
    MOCO_RANDOM_GRAYSCALE,    /**< no parameter */
    MOCO_GAUSSIAN_BLUR,       /**< sigma min, max, uniform */
    MOCO_RANDOM_HFLIP,        /**< no parameter */
    MOCO_RESIZE,              /**< short side to parameter 0, in pixels; 0: the policy's size */
    MOCO_CENTER_CROP          /**< to size x size */
} moco_augment_kind;

/** One operation of a policy. @since 0.1 */
typedef struct moco_augment_op {
    moco_augment_kind kind;
    double probability; /**< of being applied, 0..1 */
    double parameter[4];
} moco_augment_op;

#define MOCO_AUGMENT_MAX_OPS 16

/** A policy: operations in order, then ToTensor and Normalize. @since 0.1 */
typedef struct moco_augment_policy {
    size_t struct_size;
    int32_t size; /**< output height and width in pixels */
    size_t count; /**< operations in use */
    moco_augment_op ops[MOCO_AUGMENT_MAX_OPS];
    double mean[3]; /**< of normalisation, for values in 0..1 */
    double std[3];
} moco_augment_policy;

/**
 * Fills in a ready policy for output of @p size pixels (0: the policy's own).
 *
 * "v1", "v2" (224; reference main_moco.py), "cifar" (32; the reference's CIFAR demo), "fashion-mnist" (28),
 * "eval" (short side to 8/7 of size, centre crop; 224), "plain" (short side to size, centre crop, where needed; 32).
 * "eval-cifar" and "eval-fashion-mnist" are "plain" with the statistics of those data sets.
 * @return ::MOCO_EINVALID for another name
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_preset(moco_augment_policy *out, const char *name, int32_t size);

/**
 * How images are cropped while a classifier is trained on an encoder that was pretrained with a policy: its
 * RandomResizedCrop and flip without its colours, and the crop of "v1" and "v2" over areas from 0.08 on, as the
 * reference's linear protocol and torchvision's default. A policy without such a crop becomes one with a flip alone.
 * @param pretraining a name as above, and @p size as above
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_classifier(moco_augment_policy *out, const char *pretraining,
                                                           int32_t size);

/** The @p index-th preset's name, NULL beyond the last; borrowed, static. @since 0.1 */
MOCO_API const char *moco_augment_preset_name(size_t index);

/**
 * The preset without randomness that fits networks trained with the preset @p name; NULL if @p name is itself only for
 * evaluation, or unknown; borrowed, static.
 * @since 0.2
 */
MOCO_API const char *moco_augment_eval_preset(const char *name);

/** Checks every range of a policy, naming the operation that is wrong. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_check(const moco_augment_policy *policy);

/** What a view's draws are keyed by. @since 0.1 */
typedef struct moco_augment_key {
    uint64_t seed;
    uint64_t epoch; /**< below 2^48 */
    uint64_t index; /**< of the sample; below 2^48 */
    uint32_t view;  /**< 0 query, 1 key; below 256 */
} moco_augment_key;

/**
 * Applies a policy's operations.
 * @param image the result, size x size
 * @param scratch an image that is overwritten; keep it to avoid allocations
 * @param source is not changed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                                                      const moco_augment_policy *policy, moco_augment_key key);

MOCO_END_DECLS

#endif
