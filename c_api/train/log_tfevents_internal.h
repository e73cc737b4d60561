/* Writes event files for TensorBoard. */
#ifndef MOCO_TRAIN_LOG_TFEVENTS_INTERNAL_H
#define MOCO_TRAIN_LOG_TFEVENTS_INTERNAL_H

#include "moco/metrics.h"

/* How the name of each file begins. */
#define MOCO__TFEVENTS_NAME "events.out.tfevents."

typedef struct moco__tfevents moco__tfevents;

/*
 * Starts an event file in a run's folder. With a step above 0 TensorBoard drops the later steps of older
 * files.
 */
moco_status moco__tfevents_open(moco__tfevents **out, const char *run, uint64_t step);
/* Writes one event with all values except NaN. */
moco_status moco__tfevents_write(moco__tfevents *events, uint64_t step, const moco_metric *values, size_t count);
void moco__tfevents_free(moco__tfevents *events);

#endif
