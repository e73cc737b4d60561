/**
 * @file augment.h
 * Augments images by policies: tables of operations that an application can compose.
 *
 * All random draws of a view come from Philox4x32-10, keyed by (seed; epoch, index, view). So pixels do not depend on
 * the number of worker threads or on the order in which they work.
 */
#ifndef MOCO_AUGMENT_H
#define MOCO_AUGMENT_H

#include "image.h"

MOCO_BEGIN_DECLS

/** What an operation does, and what its four parameters mean. @since 0.1 */
typedef enum moco_augment_kind {
    MOCO_RANDOM_RESIZED_CROP, /**< to size x size: area scale min, max; aspect ratio min, max (log-uniform, 10 tries) */
    MOCO_COLOR_JITTER,        /**< brightness, contrast, saturation, hue, in random order; without 3 channels the last
                                 two do nothing */
    MOCO_RANDOM_GRAYSCALE,    /**< no parameter */
    MOCO_GAUSSIAN_BLUR,       /**< sigma min, max, uniform */
    MOCO_RANDOM_HFLIP,        /**< no parameter */
    MOCO_RESIZE,              /**< short side to parameter 0, in pixels; 0: the policy's size */
    MOCO_CENTER_CROP,         /**< to size x size */
    MOCO_AUGMENT_CALLBACK     /**< what the policy's callback does; the parameters are its own @since 0.2 */
} moco_augment_kind;

/** One operation of a policy. @since 0.1 */
typedef struct moco_augment_op {
    moco_augment_kind kind; /**< what it does */
    double probability;     /**< that it is applied, 0 to 1 */
    double parameter[4];    /**< what they mean depends on the kind */
} moco_augment_op;

/** Most operations of a policy. @since 0.1 */
#define MOCO_AUGMENT_MAX_OPS 16

/**
 * An operation of the application: changes an image in place, also to another size. Loaders call it from several
 * threads at once.
 * @param[in,out] image the image to change; borrowed for the call
 * @param parameter the operation's four parameters; they can distinguish several operations
 * @param random four numbers from 0 to below 1, drawn for this image, view and epoch; all randomness must come from
 * them, so that runs can be repeated and resumed
 * @param payload of the policy
 * @return ::MOCO_OK, or an error, which ends the batch
 * @since 0.2
 */
typedef moco_status (*moco_augment_fn)(moco_image *image, const double parameter[4], const double random[4],
                                       void *payload);

/** A policy: operations in order, then ToTensor and Normalize. @since 0.1 */
typedef struct moco_augment_policy {
    size_t struct_size;                        /**< set by the macro or function below */
    int32_t size;                              /**< height and width of the output in pixels */
    size_t count;                              /**< number of operations */
    moco_augment_op ops[MOCO_AUGMENT_MAX_OPS]; /**< the first count of them are applied, in order */
    double mean[3];                            /**< for normalisation of values from 0 to 1; for 3 channels */
    double std[3];                             /**< of each channel, above 0; for 3 channels */
    moco_augment_fn callback;                  /**< for ::MOCO_AUGMENT_CALLBACK; NULL: none @since 0.2 */
    void *payload;                             /**< for callback */
    int32_t channels;           /**< of the images, see moco_image_set_channels(); 3; 0 counts as 3 @since 0.2 */
    moco_statistics statistics; /**< for normalisation of images that have not 3 channels @since 0.2 */
} moco_augment_policy;

/** No operation, 224 pixels, values from 0 to 1. */
#define MOCO_AUGMENT_POLICY_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_augment_policy), 224, 0, { { MOCO_RANDOM_RESIZED_CROP, 0, { 0, 0, 0, 0 } } }, { 0, 0, 0 },         \
            { 1, 1, 1 }, NULL, NULL, 3,                                                                                \
        {                                                                                                              \
            { 0 },                                                                                                     \
            {                                                                                                          \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/**
 * Fills in what ::MOCO_AUGMENT_POLICY_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_augment_policy) of the caller
 * @since 0.2
 */
MOCO_API void moco_augment_policy_init(moco_augment_policy *options, size_t struct_size);

/**
 * Fills in a preset for output of @p size pixels; 0: the size in brackets.
 *
 * "v1" and "v2" (224; main_moco.py of the reference), "cifar" (32; the CIFAR demo of the reference), "fashion-mnist"
 * (28), "eval" (224; short side to 8/7 of the size, centre crop), "plain" (32; short side to the size, centre crop).
 * "eval-cifar" and "eval-fashion-mnist" are "plain" with the statistics of those datasets.
 * @param[in,out] out its struct_size says how much of it the caller knows: start from ::MOCO_AUGMENT_POLICY_INIT
 * @param name one of the names above
 * @param size height and width in pixels, up to 16384; 0: the size in brackets
 * @return ::MOCO_EINVALID for any other name or size
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_preset(moco_augment_policy *out, const char *name, int32_t size);

/**
 * Fills in the policy for training a classifier on an encoder that was pretrained with a preset: the preset's crop,
 * then a flip, and no colours. For "v1" and "v2" the crop has an area of 0.08 or more, as in the linear protocol of the
 * reference.
 * @param out,pretraining,size as for moco_augment_preset()
 * @return ::MOCO_EINVALID for any other name or size
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_classifier(moco_augment_policy *out, const char *pretraining,
                                                           int32_t size);

/** The @p index-th preset's name, NULL beyond the last; borrowed, static. @since 0.1 */
MOCO_API const char *moco_augment_preset_name(size_t index);

/**
 * Checks every range of a policy; the message names the operation that is wrong.
 * @return ::MOCO_EINVALID if a range is wrong
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_check(const moco_augment_policy *policy);

/**
 * The mean of each channel, for moco_image_store(): of policy->statistics, or policy->mean for 3 channels. NULL if
 * policy is NULL. @since 0.2
 */
static inline const double *moco_augment_mean(const moco_augment_policy *policy)
{
    if (policy == NULL) {
        return NULL;
    }
    return policy->channels == 3 || policy->channels == 0 ? policy->mean : policy->statistics.mean;
}

/** The standard deviation of each channel, in the same way. @since 0.2 */
static inline const double *moco_augment_std(const moco_augment_policy *policy)
{
    if (policy == NULL) {
        return NULL;
    }
    return policy->channels == 3 || policy->channels == 0 ? policy->std : policy->statistics.std;
}

/**
 * Writes a policy for 3 channels as text, which configurations and checkpoints hold (moco_config.policy), for example
 * "Size(32) RandomResizedCrop(0.2, 1, 0.75, 1.25) ColorJitter(0.4, 0.4, 0.4, 0.1) @ 0.8 Normalize(0.5, 0.5, 0.5, 0.25,
 * 0.25, 0.25)": size, operations in order, then mean and std. Parameters of 0 at the end and a probability (@) of 1 are
 * left out. A callback is named, but a text cannot hold the function.
 * @param[out] buffer NUL-terminated; ::MOCO_AUGMENT_TEXT_MAX bytes are enough for every policy
 * @param size bytes of @p buffer
 * @param policy the policy to write
 * @return ::MOCO_EINVALID if the policy is wrong, or if @p size is too small
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_format(char *buffer, size_t size, const moco_augment_policy *policy);

/** Bytes of the longest text of a policy. @since 0.2 */
#define MOCO_AUGMENT_TEXT_MAX 2816

/**
 * Reads a policy from text, exactly as moco_augment_format() was given it.
 * @param[in,out] out start from ::MOCO_AUGMENT_POLICY_INIT; its callback and payload stay
 * @param text as above
 * @return ::MOCO_EINVALID; the message says where the text is wrong
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_parse(moco_augment_policy *out, const char *text);

/** The key of a view's random draws. @since 0.1 */
typedef struct moco_augment_key {
    uint64_t seed;  /**< of the run */
    uint64_t epoch; /**< below 2^48 */
    uint64_t index; /**< index of the sample; below 2^48 */
    uint32_t view;  /**< 0: query, 1: key; below 256 */
} moco_augment_key;

/**
 * Applies the operations of a policy.
 * @param image the result, size x size pixels
 * @param scratch an image that is overwritten; reuse it to save allocations
 * @param source is not changed
 * @param policy the operations; its callback is called by this thread
 * @param key of the random draws
 * @return ::MOCO_EFORMAT if a source that was read lazily is damaged, or what the policy's callback returned; the
 * contents of both images are undefined then
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_augment_apply(moco_image *image, moco_image *scratch, const moco_image *source,
                                                      const moco_augment_policy *policy, moco_augment_key key);

MOCO_END_DECLS

#endif
