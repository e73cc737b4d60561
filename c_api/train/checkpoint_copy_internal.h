/* Keeps a copy of what a checkpoint holds, to be written later. */
#ifndef MOCO_TRAIN_CHECKPOINT_COPY_INTERNAL_H
#define MOCO_TRAIN_CHECKPOINT_COPY_INTERNAL_H

#include "moco/safetensors.h"

/* Zeros are a copy of nothing. */
typedef struct moco__checkpoint_copy {
    moco_tensor **tensors; /* on the CPU */
    moco_named_tensor *rows;
    size_t count;
    moco_metadata *metadata;
    size_t metadata_count;
    char *texts; /* of names and metadata */
} moco__checkpoint_copy;

/* Copies tensors and texts. The memory of the last copy is used again where it fits. After a failure nothing is kept.
 */
moco_status moco__checkpoint_copy_fill(moco__checkpoint_copy *copy, const moco_named_tensor *tensors, size_t count,
                                       const moco_metadata *metadata, size_t metadata_count);
moco_status moco__checkpoint_copy_write(const moco__checkpoint_copy *copy, const char *path);
void moco__checkpoint_copy_free(moco__checkpoint_copy *copy);

#endif
