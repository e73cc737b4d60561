/* Gives away what a checkpoint holds. */
#ifndef MOCO_TRAIN_CHECKPOINT_GIVE_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_GIVE_INTERNAL_H

#include "moco/checkpoint.h"
#include "moco/safetensors.h"

/* Takes tensors and metadata, which it may read until it returns. */
typedef moco_status (*moco__take_fn)(void *payload, const moco_named_tensor *tensors, size_t count,
                                     const moco_metadata *metadata, size_t metadata_count);

/* Gives a function all that a checkpoint holds. With several processes all of them call this, and rank 0 calls the
 * function. */
moco_status moco__checkpoint_give(moco__take_fn take, void *payload, const moco_model *model, moco_position position,
                                  const moco_config *config);

#endif
