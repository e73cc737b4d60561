/* Compares the tests of a run with its start, and keeps the best checkpoint. */
#ifndef MOCO_TRAIN_RUN_BEST_INTERNAL_H
#define MOCO_TRAIN_RUN_BEST_INTERNAL_H

#include "train/run_internal.h"

/* Reads what the tests before a resumed step have found; on rank 0. */
void moco__run_recall(moco__run *run);
/* Takes the accuracy of a test: warns if the run is worse than its start, and keeps its checkpoint if it is the best.
 */
void moco__run_judge(moco__run *run, double accuracy);

#endif
