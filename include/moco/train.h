/**
 * @file train.h
 * A whole training run: data, model, schedule, metrics, checkpoints, plots.
 */
#ifndef MOCO_TRAIN_H
#define MOCO_TRAIN_H

#include "config.h"
#include "peers.h"

MOCO_BEGIN_DECLS

/** Where a run stands, for a progress display. @since 0.1 */
typedef struct moco_progress {
    uint64_t step;  /**< steps done */
    uint64_t steps; /**< steps of the whole run */
    uint64_t epoch; /**< from 0 */
    uint64_t epochs;
    uint64_t epoch_step; /**< steps done in this epoch */
    uint64_t epoch_steps;
    bool has_metrics; /**< whether the fields below are of this step (every print_freq steps) */
    double loss;      /**< mean since the last metrics; NaN before the first */
    double acc1;      /**< percent */
    double acc5;      /**< percent */
    double lr;
    double images_per_s; /**< since the last metrics */
    double data_wait;    /**< share of the time spent waiting for data, 0..1 */
    double eta_s;        /**< seconds to the end; NaN before it is known */
    double knn_acc1;     /**< percent, the latest; NaN before the first */
    double val_acc1;     /**< percent, of a classifier on validation images, the latest; NaN before the first */
} moco_progress;

/** Called after every step; a non-zero return on any rank writes a checkpoint and ends the run with ::MOCO_ESTOPPED on
 * all. @since 0.1 */
typedef int (*moco_progress_fn)(const moco_progress *progress, void *payload);

/** What a run is given beside its configuration. @since 0.1 */
typedef struct moco_train_options {
    size_t struct_size;
    moco_progress_fn progress; /**< may be NULL */
    void *payload;
    moco_peers *peers; /**< the processes that train together; borrowed; NULL: this one alone */
    bool goes_on;      /**< moco_train() continues the run that config->out may hold, for jobs that are restarted */
} moco_train_options;

#define MOCO_TRAIN_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_train_options), NULL, NULL, NULL, false                                                            \
    }

/**
 * Trains from the start into the new folder config->out, which rank 0 alone writes. With options->goes_on it continues
 * where the folder holds a checkpoint, which must be of the same settings; a folder of a run that ended before its
 * first checkpoint is started anew.
 * @param options NULL for the defaults
 * @return ::MOCO_EEXISTS where the folder is not empty; ::MOCO_ESTOPPED where a callback ended the run;
 * ::MOCO_EINVALID where the ranks' configurations, data or versions differ; ::MOCO_EPEER where another rank failed
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_train(const moco_config *config, const moco_train_options *options);

/**
 * Continues the run in a folder from its newest whole checkpoint, to the bit as if it had not been broken off. With
 * another number of processes than before it goes on as well, but not to the bit; the log says what changes. The folder
 * is read by rank 0 alone.
 * @return ::MOCO_ENOTFOUND where there is no checkpoint
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_resume(const char *run, const moco_train_options *options);

MOCO_END_DECLS

#endif
