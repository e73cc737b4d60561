/* Checkpoints of several processes: rank 0 has the file, and each rank running statistics of its own. */
#ifndef MOCO_TRAIN_CHECKPOINT_RANKS_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_RANKS_INTERNAL_H

#include "ranks/statistics_internal.h"
#include "train/checkpoint_table_internal.h"

#include "moco/checkpoint.h"

/* Adds the statistics of all ranks to what is written, and puts their mean in an encoder: 0 the query's, 1 the key's.
 */
moco_status moco__checkpoint_add_ranks(moco__table *t, moco_encoder *encoder, const moco__statistics *statistics,
                                       int which);

/* Says what changes where a file is of another number of processes. */
void moco__checkpoint_warn_of_world(const moco_safetensors *file, const char *path, int32_t world);

/* Gives all ranks what rank 0 has read from a file. */
moco_status moco__checkpoint_share(moco_model *model, moco_position *position, const char *path);

#endif
