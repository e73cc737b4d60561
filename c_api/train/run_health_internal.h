/* Watches without labels whether a run learns. */
#ifndef MOCO_TRAIN_RUN_HEALTH_INTERNAL_H
#define MOCO_TRAIN_RUN_HEALTH_INTERNAL_H

#include "train/run_internal.h"

#include "moco/quality.h"

/* Whether this process runs the monitors. */
bool moco__run_watches(const moco__run *run);

/* Returns for how many steps a run may look bad before it is warned of: an epoch, but neither few nor very many. */
uint64_t moco__run_patience(const moco__run *run);

/* What advice depends on: whether the run's mechanism has a momentum encoder, and which option gives the number of
 * negatives. */
bool moco__run_has_momentum(const moco__run *run);
const char *moco__run_negatives(const moco__run *run);

/* Where a step puts its embeddings for moco__run_measure_step(); NULL: the monitors are off. */
moco_step *moco__run_wants_step(moco__run *run);

/* Measures the embeddings of the latest step; NaN if the monitors are off. Waits for the device. Warns of a collapse.
 */
moco_pair_quality moco__run_measure_step(moco__run *run);

/* Warns if the contrastive task is solved while the features get worse. */
void moco__run_warn_of_leak(moco__run *run);

#endif
