/**
 * @file progress.h
 * The progress of a training, as a callback sees it. moco_train(), linear classifiers and fine-tuning all report it.
 */
#ifndef MOCO_PROGRESS_H
#define MOCO_PROGRESS_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Where a training stands after a step. @since 0.1 */
typedef struct moco_progress {
    uint64_t step;        /**< steps done; 0 while moco_train() tests the network before the first */
    uint64_t steps;       /**< steps of the complete training */
    uint64_t epoch;       /**< epoch of the last step, from 0 */
    uint64_t epochs;      /**< epochs of the complete training */
    uint64_t epoch_step;  /**< steps done in this epoch */
    uint64_t epoch_steps; /**< steps of an epoch */
    bool has_metrics;     /**< whether loss, acc1, acc5, images_per_s and data_wait are of this step (see print_freq) */
    double loss;          /**< mean since the last metrics; NaN before the first */
    double acc1;          /**< percent */
    double acc5;          /**< percent */
    double lr;            /**< learning rate of this step */
    double images_per_s;  /**< since the last metrics, over all processes */
    double data_wait;     /**< share of the time spent waiting for data, 0..1 */
    double eta_s;         /**< seconds to the end; NaN before it is known */
    double knn_acc1;      /**< percent, the latest; NaN before the first */
    double val_acc1;      /**< percent of the validation images, the latest; NaN before the first */
    double spread;        /**< of the embeddings, see ::moco_pair_quality; NaN before the first. @since 0.2 */
    double rankme;        /**< of the pooled features, see ::moco_quality; NaN before the first. @since 0.2 */
} moco_progress;

/**
 * Called after every step, and in a kNN test of moco_train() after every batch, with the step before it. A non-zero
 * return on any rank ends the training with ::MOCO_ESTOPPED on all ranks; moco_train() writes a checkpoint first.
 * @since 0.1
 */
typedef int (*moco_progress_fn)(const moco_progress *progress, void *payload);

MOCO_END_DECLS

#endif
