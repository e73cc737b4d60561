/* Writes, reads and shares what checkpoints hold of several processes: the running statistics of each rank. */
#ifndef MOCO_TRAIN_CHECKPOINT_RANKS_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_RANKS_INTERNAL_H

#include "ranks/statistics_internal.h"
#include "train/checkpoint_table_internal.h"

#include "moco/checkpoint.h"

/* Adds the statistics of all ranks to a checkpoint, and sets an encoder's to their mean. which: 0 for the query
 * encoder, 1 for the key encoder. */
moco_status moco__checkpoint_add_ranks(moco__table *t, moco_encoder *encoder, const moco__statistics *statistics,
                                       int which);

/* Warns of what changes if a file is from another number of processes. */
void moco__checkpoint_warn_of_world(const moco__safetensors *file, const char *path, int32_t world);

/* Gives all ranks what rank 0 has read from a file; the other ranks have none. */
moco_status moco__checkpoint_share(moco_model *model, moco_position *position, const moco__safetensors *file);

#endif
