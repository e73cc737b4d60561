/* Reads a run's metrics back from the device, watches the loss, and writes metrics.jsonl. */
#ifndef MOCO_TRAIN_RUN_METRICS_INTERNAL_H
#define MOCO_TRAIN_RUN_METRICS_INTERNAL_H

#include "train/run_internal.h"

/* Reads the means of the steps since the last metrics into the progress, and writes them. Fails if the training
 * diverged. */
moco_status moco__run_read_metrics(moco__run *run);
/* Returns how many epochs are done, with their fraction. */
double moco__run_epoch(const moco__run *run);
/* Writes metrics of the current step, if this process writes the folder. */
moco_status moco__run_write_metrics(const moco__run *run, const moco_metric *values, size_t count);

#endif
