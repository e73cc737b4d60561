/**
 * @file linear.h
 * Trains linear classifiers on the features of a frozen encoder, by the reference's protocol (main_lincls.py) or on
 * features that are computed once.
 *
 * A ::moco_linear holds one classifier per learning rate. All learn from the same batches and do not influence each
 * other: each gives the same numbers as if it were trained alone.
 */
#ifndef MOCO_LINEAR_H
#define MOCO_LINEAR_H

#include "evaluate.h"
#include "loader.h"
#include "progress.h"
#include "schedule.h"

MOCO_BEGIN_DECLS

/** Learning rates that can be swept at once. */
#define MOCO_LINEAR_MAX_RATES 32

/** @name Classifiers
 * @{ */

/** Linear classifiers that learn from the same batches, one per learning rate. @since 0.1 */
typedef struct moco_linear moco_linear;

/** Options of moco_linear_create(). @since 0.1 */
typedef struct moco_linear_options {
    size_t struct_size;                  /**< set by the macro or function below */
    int64_t dim;                         /**< dimensions of the features */
    int64_t classes;                     /**< at least 2 */
    size_t rate_count;                   /**< number of learning rates; 1 */
    double rates[MOCO_LINEAR_MAX_RATES]; /**< learning rates, each above 0; 30 */
    double momentum;                     /**< of SGD; 0.9 */
    double weight_decay;                 /**< 0 */
    uint64_t seed;      /**< of the first weights: N(0, 0.01), the same for each rate; biases start at 0 */
    moco_device device; /**< of the features and of the classifiers; zeroed: the CPU */
    moco_comm *comm;    /**< ranks that share each batch in equal parts; borrowed; NULL: one process */
} moco_linear_options;

/** The defaults of ::moco_linear_options. */
#define MOCO_LINEAR_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_linear_options), 0, 0, 1, { 30 }, 0.9, 0, 0, { MOCO_CPU, 0 }, NULL                                 \
    }

/**
 * Fills in what ::MOCO_LINEAR_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_linear_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_linear_options_init(moco_linear_options *options, size_t struct_size);

/**
 * Makes classifiers.
 * @param[out] out a new handle, for moco_linear_free()
 * @param options copied; dim and classes must be set, so not NULL
 * @return ::MOCO_EINVALID if an option is out of range
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_create(moco_linear **out, const moco_linear_options *options);

/** Frees classifiers; NULL is allowed. @since 0.1 */
MOCO_API void moco_linear_free(moco_linear *linear);

/** The score of a classifier. @since 0.1 */
typedef struct moco_score {
    double loss; /**< mean cross entropy */
    double acc1; /**< percent */
    double acc5; /**< percent */
} moco_score;

/** Returns weights (classes x dim) and biases (classes) of the @p index-th rate, two tensors; borrowed; NULL beyond the
 * last. @since 0.2 */
MOCO_API const moco_tensor_list *moco_linear_parameters(const moco_linear *linear, size_t index);

/** @}
 * @name Scale of features
 * @{ */

/** The scale of features, and the learning rates that it allows. @since 0.1 */
typedef struct moco_feature_scale {
    double norm;  /**< mean L2 norm of a row */
    double power; /**< largest eigenvalue of the second moment, mean of x x' */
    /** Above this learning rate SGD overshoots while the probabilities hardly change: 2 (1 + momentum) / (power / 2),
     * from the bound 1/2 on the curvature of the cross entropy. */
    double stable_rate;
} moco_feature_scale;

/**
 * Measures the scale of raw features.
 * @param[out] out the scale
 * @param features with moco_features_options.raw
 * @param momentum of SGD
 * @return ::MOCO_EINVALID if there are no features
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_feature_scale_measure(moco_feature_scale *out, const moco_features *features,
                                                              double momentum);

/** @}
 * @name The complete protocol
 * @{ */

/** The result of one learning rate. @since 0.1 */
typedef struct moco_linear_outcome {
    double rate;         /**< the learning rate */
    bool diverged;       /**< then the fields below are of the epochs before; NaN if there is none */
    double train_loss;   /**< mean since the last metrics: over the last epoch, unless print_freq divides it */
    moco_score last;     /**< validation after the last epoch */
    moco_score best;     /**< validation after the best epoch by top-1 */
    uint64_t best_epoch; /**< from 1; 0: none */
} moco_linear_outcome;

/** The result of training classifiers. @since 0.1 */
typedef struct moco_linear_result {
    size_t rate_count;                                   /**< number of learning rates */
    moco_linear_outcome outcomes[MOCO_LINEAR_MAX_RATES]; /**< one per learning rate, in their order */
    size_t best;    /**< the outcome of the highest best.acc1: chosen on the validation images, so not a fair result */
    double seconds; /**< that the training took */
} moco_linear_result;

/** Options for training classifiers. @since 0.1 */
typedef struct moco_linear_train_options {
    size_t struct_size; /**< set by the macro or function below */
    /** Of the factor on the learning rates: its lr is 1. NULL: 0.1 times as much from epochs 60 and 80. */
    const moco_schedule *schedule;
    int64_t epochs;            /**< 100 */
    size_t batch;              /**< over all processes; 256 */
    uint64_t seed;             /**< of the order of images and of the augmentations */
    moco_progress_fn progress; /**< called after each step; non-zero ends the training; may be NULL */
    void *payload;             /**< for progress */
    int64_t print_freq;        /**< steps between metrics; 0: only at the end of each epoch */
} moco_linear_train_options;

/** The defaults of ::moco_linear_train_options. */
#define MOCO_LINEAR_TRAIN_OPTIONS_INIT                                                                                 \
    {                                                                                                                  \
        sizeof(moco_linear_train_options), NULL, 100, 256, 0, NULL, NULL, 0                                            \
    }

/**
 * Fills in what ::MOCO_LINEAR_TRAIN_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_linear_train_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_linear_train_options_init(moco_linear_train_options *options, size_t struct_size);

/**
 * Trains classifiers on features in memory, and tests them after each epoch. At the end every classifier has the
 * weights of its best epoch. Every rank does all the work itself.
 * @param[out] out losses and scores
 * @param linear made without a communicator
 * @param features labelled, raw features to learn from
 * @param val labelled, raw features to test on
 * @param options NULL for the defaults
 * @return ::MOCO_EDIVERGED if every classifier diverged, ::MOCO_ESTOPPED if the callback ended the training
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_train_cached(moco_linear_result *out, moco_linear *linear,
                                                            const moco_features *features, const moco_features *val,
                                                            const moco_linear_train_options *options);

/**
 * Makes the order in which moco_linear_train_cached() takes images, for programs that repeat a training.
 * @param[out] out int32, epochs x @p count, on the CPU; a row is an epoch, which the options' batches divide
 * @param scope owns the result; NULL: the caller does
 * @param count number of images
 * @param options those of the training; not NULL
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_order(moco_tensor **out, moco_scope *scope, size_t count,
                                                     const moco_linear_train_options *options);

/** The images that moco_linear_train_images() learns from. @since 0.1 */
typedef struct moco_linear_images {
    size_t struct_size;                /**< set by the macro or function below */
    const moco_dataset *dataset;       /**< labelled; borrowed */
    moco_encoder *encoder;             /**< in evaluation mode during the training; borrowed */
    const moco_augment_policy *policy; /**< from moco_augment_classifier(); borrowed */
    const moco_loader_options *loader; /**< its seed and single_view are ignored; borrowed; NULL: the defaults */
    moco_comm *comm; /**< ranks that share each batch, the same as the classifiers'; NULL: one process */
} moco_linear_images;

/** The defaults of ::moco_linear_images. */
#define MOCO_LINEAR_IMAGES_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_linear_images), NULL, NULL, NULL, NULL, NULL                                                       \
    }

/**
 * Fills in what ::MOCO_LINEAR_IMAGES_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_linear_images) of the caller
 * @since 0.2
 */
MOCO_API void moco_linear_images_init(moco_linear_images *options, size_t struct_size);

/**
 * Trains by the reference's protocol: every epoch sees new crops of the images. The rest is as in
 * moco_linear_train_cached(). One process keeps the last, smaller batch of an epoch, as the reference does; several
 * processes leave it out.
 * @param[out] out losses and scores
 * @param linear made with the communicator of @p images
 * @param images what to learn from; borrowed during the call
 * @param val labelled, raw features to test on
 * @param options NULL for the defaults
 * @return as moco_linear_train_cached(); ::MOCO_EPEER if another rank failed; or what moco_dataset_read() returns for
 * an image that cannot be read
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_train_images(moco_linear_result *out, moco_linear *linear,
                                                            const moco_linear_images *images, const moco_features *val,
                                                            const moco_linear_train_options *options);

/** @}
 * @name Choice of the learning rate
 * @{ */

/** The result of moco_linear_choose_cached() and moco_linear_choose_images(). @since 0.2 */
typedef struct moco_linear_choice {
    moco_linear_result held_out; /**< as of a training; its validation images are those held out */
    size_t best;                 /**< the rate of the highest accuracy on these after the last epoch */
    size_t learnt;               /**< images that were learnt from */
    size_t held_images;          /**< images that were held out */
} moco_linear_choice;

/**
 * Chooses among learning rates on a part of the training features, a tenth of every class or a fifth of a small set,
 * that is held out of them, so that validation images decide nothing. Train on all of them afterwards.
 * @param[out] out what each rate reached
 * @param heads of moco_linear_create(), with the rates; without a communicator
 * @param features labelled, raw features
 * @param options of the training; NULL for the defaults
 * @return ::MOCO_EINVALID if no class has two images; else as moco_linear_train_cached()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_choose_cached(moco_linear_choice *out, const moco_linear_options *heads,
                                                             const moco_features *features,
                                                             const moco_linear_train_options *options);

/**
 * Does the same with images that are cropped again in each epoch.
 * @param[out] out what each rate reached
 * @param heads of moco_linear_create(), with the rates
 * @param images what to learn from; borrowed during the call
 * @param tests of the features of the images that are held out; its kind and raw are ignored; NULL: the defaults
 * @param options of the training; NULL for the defaults
 * @return ::MOCO_EINVALID if no class has two images; else as moco_linear_train_images()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_choose_images(moco_linear_choice *out, const moco_linear_options *heads,
                                                             const moco_linear_images *images,
                                                             const moco_features_options *tests,
                                                             const moco_linear_train_options *options);

/** @} */

MOCO_END_DECLS

#endif
