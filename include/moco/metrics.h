/**
 * @file metrics.h
 * Metrics of a run over its steps: `metrics.jsonl`, and `events.out.tfevents` files for TensorBoard.
 */
#ifndef MOCO_METRICS_H
#define MOCO_METRICS_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Writes a run's metrics. @since 0.1 */
typedef struct moco_metrics moco_metrics;

/** A named number. @since 0.1 */
typedef struct moco_metric {
    const char *name; /**< for example "loss" */
    double value;     /**< not finite: the line has no such name */
} moco_metric;

/**
 * Opens the metrics in a run's folder for appending. Drops the lines of steps after @p step, so that a resumed run
 * writes no line twice. A new run passes 0.
 * @param[out] out a new handle, for moco_metrics_free()
 * @param run the folder of the run
 * @param step the last step to keep
 * @param tensorboard whether to write an event file too
 * @return ::MOCO_EIO if a file cannot be opened or written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_metrics_open(moco_metrics **out, const char *run, uint64_t step,
                                                     bool tensorboard);

/**
 * Writes one line {"step": .., "epoch": .., name: value, ...} and flushes it.
 * @param metrics the open files
 * @param step steps done
 * @param epoch with its fraction
 * @param values @p count metrics; borrowed during the call
 * @param count number of metrics
 * @return ::MOCO_EIO if a line cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_metrics_write(moco_metrics *metrics, uint64_t step, double epoch,
                                                      const moco_metric *values, size_t count);

/** Closes the files; NULL is allowed. @since 0.1 */
MOCO_API void moco_metrics_free(moco_metrics *metrics);

/** A metric over the steps, read back. @since 0.1 */
typedef struct moco_series {
    size_t count;   /**< number of values; 0: the run has no such metric */
    double *steps;  /**< count values, ascending */
    double *epochs; /**< count values */
    double *values; /**< count values */
} moco_series;

/**
 * Reads one metric from a run's metrics.jsonl. The series is empty if no line has the metric. Lines whose step is not
 * from 0 to 2^53 are left out.
 * @return ::MOCO_ENOTFOUND if the run has no metrics.jsonl, ::MOCO_EIO if it cannot be read
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_series_read(moco_series *out, const char *run, const char *name);

/** Frees the arrays of a series. @since 0.1 */
MOCO_API void moco_series_free(moco_series *series);

MOCO_END_DECLS

#endif
