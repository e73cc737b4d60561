/* Finds checkpoints of a run. */
#ifndef MOCO_TRAIN_CHECKPOINT_NAMES_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_NAMES_INTERNAL_H

#include "moco/checkpoint.h"

/* Makes the path of a run's best checkpoint. */
moco_status moco__checkpoint_best_path(char *buffer, size_t size, const char *run);
/* Resolves RUN/best, and RUN/last, the newest: sets *run to the folder, and *best. Returns false for other paths. */
bool moco__checkpoint_alias(char *run, size_t size, bool *best, const char *path);
/* Finds the newest checkpoint whose tensors are undamaged, which reads them. */
moco_status moco__checkpoint_find_undamaged(char *buffer, size_t size, const char *run);
/* Whether a run has a checkpoint, be it damaged. */
moco_status moco__checkpoint_exists(bool *out, const char *run);

#endif
