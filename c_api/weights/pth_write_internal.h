/* Writes files of torch.save: the caller pickles the tree, and adds tensors to it one by one. */
#ifndef MOCO_WEIGHTS_PTH_WRITE_INTERNAL_H
#define MOCO_WEIGHTS_PTH_WRITE_INTERNAL_H

#include "formats/pickle_write_internal.h"
#include "weights/export_job_internal.h"

typedef struct moco__pth_writer {
    moco__pickler tree;
    const moco__export *job;
    const moco__export_tensor **tensors; /* in the order of their storages */
    size_t count, room;
} moco__pth_writer;

/* Writes a text key, and the tensor as its value. */
void moco__pth_put_tensor(moco__pth_writer *out, const char *key, const moco__export_tensor *tensor);
/* Writes the tensor alone. */
void moco__pth_put_value(moco__pth_writer *out, const moco__export_tensor *tensor);
/* Ends the tree and writes the file. */
moco_status moco__pth_write(moco__pth_writer *out, const char *path);
void moco__pth_writer_free(moco__pth_writer *out);

#endif
