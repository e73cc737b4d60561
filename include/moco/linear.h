/**
 * @file linear.h
 * Linear classifiers on a frozen encoder's features: the reference's protocol (main_lincls.py), and a sweep of learning
 * rates over features that were computed once.
 *
 * A ::moco_linear holds one classifier a learning rate. All learn from the same batches, none sees another: the numbers
 * of each are those of a run of its own.
 */
#ifndef MOCO_LINEAR_H
#define MOCO_LINEAR_H

#include "evaluate.h"
#include "loader.h"
#include "schedule.h"
#include "train.h"

MOCO_BEGIN_DECLS

/** Learning rates that can be swept at once. */
#define MOCO_LINEAR_MAX_RATES 32

/** @name Classifiers
 * @{ */

/** Linear classifiers that learn from the same batches, one a learning rate. @since 0.1 */
typedef struct moco_linear moco_linear;

/** Options of moco_linear_create(). @since 0.1 */
typedef struct moco_linear_options {
    size_t struct_size;
    int64_t dim;     /**< of the features */
    int64_t classes; /**< at least 2 */
    size_t rate_count;
    double rates[MOCO_LINEAR_MAX_RATES]; /**< learning rates, each above 0; 30 */
    double momentum;                     /**< of SGD; 0.9 */
    double weight_decay;                 /**< 0 */
    uint64_t seed;                       /**< of the weights: N(0, 0.01), the same for each rate; biases are 0 */
    moco_device device;
    moco_comm *comm; /**< ranks that share each batch in equal parts; borrowed; NULL: one process */
} moco_linear_options;

#define MOCO_LINEAR_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_linear_options), 0, 0, 1, { 30 }, 0.9, 0, 0, { MOCO_CPU, 0 }, NULL                                 \
    }

/** Makes classifiers. @return ::MOCO_EINVALID naming what is out of range @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_create(moco_linear **out, const moco_linear_options *options);

/** Frees classifiers; NULL is allowed. @since 0.1 */
MOCO_API void moco_linear_free(moco_linear *linear);

/**
 * One step of SGD on the mean cross entropy of a batch, by every classifier that has not diverged.
 * @param features N x dim, float32, on the device
 * @param labels int64, N, on the device, each below the number of classes
 * @param factor what a schedule multiplies each rate by
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_step(moco_linear *linear, const moco_tensor *features,
                                                    const moco_tensor *labels, double factor);

/** How well a classifier does. @since 0.1 */
typedef struct moco_score {
    double loss; /**< mean cross entropy */
    double acc1; /**< percent */
    double acc5; /**< percent */
} moco_score;

/**
 * Reads the means over the steps' images since they were last read, over all ranks, and starts anew; waits for the
 * device. A classifier whose loss is not finite has diverged: it is named in the log, and learns no more.
 * @param[out] out one a rate; NaN for a classifier that diverged, or without steps
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_read_means(moco_score *out, moco_linear *linear);

/**
 * Tests the classifiers on features. One whose loss is not finite has diverged, as above.
 * @param[out] out one a rate; NaN for a classifier that diverged
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_score(moco_score *out, moco_linear *linear,
                                                     const moco_features *features);

/** Whether the @p index-th rate's classifier has diverged. @since 0.1 */
MOCO_API bool moco_linear_diverged(const moco_linear *linear, size_t index);

/** The weights (classes x dim) that every classifier started from, on the device. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_first_weight(moco_tensor **out, moco_scope *scope,
                                                            const moco_linear *linear);

/** Weights (classes x dim) of the @p index-th rate; borrowed; NULL beyond the end. @since 0.1 */
MOCO_API moco_tensor *moco_linear_weight(const moco_linear *linear, size_t index);

/** Biases (classes) of the @p index-th rate; borrowed; NULL beyond the end. @since 0.1 */
MOCO_API moco_tensor *moco_linear_bias(const moco_linear *linear, size_t index);

/** @}
 * @name How large features are
 * @{ */

/** What learning rates features bear. @since 0.1 */
typedef struct moco_feature_scale {
    double norm;  /**< mean L2 norm of a row */
    double power; /**< largest eigenvalue of the second moment, mean of x x' */
    /** Above this rate steps of SGD on nearly constant probabilities overshoot: 2 (1 + momentum) / (power / 2), from
     * the bound 1/2 on the curvature of the cross entropy. */
    double stable_rate;
} moco_feature_scale;

/** Measures raw features. @param momentum of SGD @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_feature_scale_measure(moco_feature_scale *out, const moco_features *features,
                                                              double momentum);

/** @}
 * @name The whole protocol
 * @{ */

/** What became of one learning rate. @since 0.1 */
typedef struct moco_linear_outcome {
    double rate;
    bool diverged;       /**< then what follows is of the epochs before; NaN without any */
    double train_loss;   /**< since the last metrics: of the last epoch, unless print_freq cuts it */
    moco_score last;     /**< validation after the last epoch */
    moco_score best;     /**< validation after the best epoch by top-1 */
    uint64_t best_epoch; /**< from 1; 0: none */
} moco_linear_outcome;

/** What a training of classifiers gave. @since 0.1 */
typedef struct moco_linear_result {
    size_t rate_count;
    moco_linear_outcome outcomes[MOCO_LINEAR_MAX_RATES];
    size_t best; /**< the outcome of the highest best.acc1 */
    double seconds;
} moco_linear_result;

/** Options of a training of classifiers. The rates are those of the classifiers. @since 0.1 */
typedef struct moco_linear_train_options {
    size_t struct_size;
    moco_schedule schedule;    /**< of the factor on the rates: its lr is 1 */
    int64_t epochs;            /**< 100 */
    size_t batch;              /**< over all processes; 256 */
    uint64_t seed;             /**< of the order of images and of the augmentations */
    moco_progress_fn progress; /**< called after each step; non-zero ends the training; may be NULL */
    void *payload;
    int64_t print_freq; /**< steps between metrics; 0: at the end of an epoch alone */
} moco_linear_train_options;

#define MOCO_LINEAR_TRAIN_OPTIONS_INIT                                                                                 \
    {                                                                                                                  \
        sizeof(moco_linear_train_options),                                                                             \
            { sizeof(moco_schedule), MOCO_SCHEDULE_STEPS, 1, 100, 0, false, 2, { 60, 80 } }, 100, 256, 0, NULL, NULL,  \
            0                                                                                                          \
    }

/**
 * Trains classifiers on features that lie in memory, and tests them after each epoch. At the end every classifier has
 * the weights of its best epoch. No rank waits for another: with several, each does all the work.
 * @param linear made without a communicator
 * @return ::MOCO_EDIVERGED where every classifier did, ::MOCO_ESTOPPED where the callback ended it
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_train_cached(moco_linear_result *out, moco_linear *linear,
                                                            const moco_features *features, const moco_features *val,
                                                            const moco_linear_train_options *options);

/**
 * The order in which moco_linear_train_cached() takes images, for programs that repeat a training.
 * @param[out] out int32, epochs x @p count, on the CPU; a row is an epoch, cut into the options' batches
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_order(moco_tensor **out, moco_scope *scope, size_t count,
                                                     const moco_linear_train_options *options);

/** How images reach classifiers while these are trained. @since 0.1 */
typedef struct moco_linear_images {
    const moco_dataset *dataset;       /**< labelled; borrowed */
    moco_encoder *encoder;             /**< in evaluation mode during the training; borrowed */
    const moco_augment_policy *policy; /**< as moco_augment_classifier() gives; borrowed */
    moco_loader_options loader;        /**< its seed and single_view are of no account */
    moco_comm *comm;                   /**< ranks that share each batch, as the classifiers'; NULL: one process */
} moco_linear_images;

/**
 * The reference's protocol: every epoch sees other crops of the images. Otherwise as moco_linear_train_cached(). One
 * process keeps the last, smaller batch of an epoch, as the reference; several leave it out.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_linear_train_images(moco_linear_result *out, moco_linear *linear,
                                                            const moco_linear_images *images, const moco_features *val,
                                                            const moco_linear_train_options *options);

/** @}
 * @name Proof that an encoder was left alone
 * @{ */

/** What an encoder's parameters and buffers were, bit by bit. @since 0.1 */
typedef struct moco_frozen moco_frozen;

/** Remembers an encoder. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_frozen_remember(moco_frozen **out, const moco_encoder *encoder);

/** Whether every tensor is still the same to the bit. @return ::MOCO_EINTERNAL naming the first that is not @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_frozen_check(const moco_frozen *frozen, const moco_encoder *encoder);

/** Forgets; NULL is allowed. @since 0.1 */
MOCO_API void moco_frozen_free(moco_frozen *frozen);

/** @} */

MOCO_END_DECLS

#endif
