/* What a run does between steps: checkpoints and tests. */
#ifndef MOCO_TRAIN_RUN_DUE_INTERNAL_H
#define MOCO_TRAIN_RUN_DUE_INTERNAL_H

#include "train/run_internal.h"

/* What is due; they can be added. */
enum { MOCO__DUE_CHECKPOINT = 1, MOCO__DUE_TEST = 2 };

/* Returns whether settings ask for tests of the features at all, after epochs, steps or minutes. */
bool moco__run_wants_tests(const moco_config *config);

/* Starts the clocks of what is due by the minute. */
void moco__run_start_clocks(moco__run *run);

/* Returns what is due at the run's position: all ranks get the same. */
int64_t moco__run_due(const moco__run *run);

/* Returns what is due by this rank's clock. */
int64_t moco__run_due_by_clock(const moco__run *run);

#endif
