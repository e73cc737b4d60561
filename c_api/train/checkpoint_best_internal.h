/* Keeps the best checkpoint of a run beside the newest ones. */
#ifndef MOCO_TRAIN_CHECKPOINT_BEST_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_BEST_INTERNAL_H

#include "moco/checkpoint.h"

/* Gives the checkpoint of a step the second name "best", at once and without a copy where the file system has links. A
 * failure is logged, and the run continues. */
void moco__checkpoint_keep_best(const char *run, uint64_t step);

#endif
