/* What the writers of the formats share. */
#ifndef MOCO_WEIGHTS_EXPORT_INTERNAL_H
#define MOCO_WEIGHTS_EXPORT_INTERNAL_H

#include "base/bytes_internal.h"
#include "weights/weights_internal.h"

#include "moco/export.h"

enum { MOCO__EXPORT_NAME = 256 };

/* A tensor to be written. */
typedef struct moco__export_tensor {
    char name[MOCO__EXPORT_NAME]; /* in the new file */
    const moco_weights_entry *source;
    bool transposed; /* a matrix whose rows become columns */
} moco__export_tensor;

/* What is written. */
typedef struct moco__export {
    const moco_weights *weights;
    moco_network network;
    moco_export_options options;
    moco__export_tensor *tensors;
    size_t count, room;
} moco__export;

/* Adds a tensor. */
moco_status moco__export_add(moco__export *job, const char *prefix, const char *name, const moco_weights_entry *source);
/* The sizes of a tensor as it is written. */
void moco__export_sizes(int64_t sizes[MOCO__PICKLE_MAX_DIMS], const moco__export_tensor *tensor);
/* The elements of a tensor, row-major. */
moco_status moco__export_read(moco__bytes *out, const moco__export *job, const moco__export_tensor *tensor);

/* Write the listed tensors as a plain state_dict: export_pth.c, export_safetensors.c */
moco_status moco__export_state_dict(const moco__export *job, const char *path);
moco_status moco__export_safetensors(const moco__export *job, const char *path);
/* List and write what the format is made of: export_reference.c, export_detectron2.c */
moco_status moco__export_reference(moco__export *job, const char *path);
moco_status moco__export_detectron2(const moco__export *job, const char *path);

#endif
