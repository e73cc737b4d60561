/* Keeps the best checkpoint of a run beside the newest ones. */
#ifndef MOCO_TRAIN_CHECKPOINT_BEST_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_BEST_INTERNAL_H

#include "moco/checkpoint.h"

/* Makes the path of a run's best checkpoint. */
moco_status moco__checkpoint_best_path(char *buffer, size_t size, const char *run);
/* Gives the checkpoint of a step the second name "best", at once and without a copy where the file system has links. A
 * failure is logged: it costs no training. */
void moco__checkpoint_keep_best(const char *run, uint64_t step);
/* Resolves RUN/best, and RUN/last, the newest: sets *run to the folder, and *best. Returns false for other paths. */
bool moco__checkpoint_alias(char *run, size_t size, bool *best, const char *path);

#endif
