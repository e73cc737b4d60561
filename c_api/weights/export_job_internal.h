/* Defines an export: which tensors of a file are written, and under which names. */
#ifndef MOCO_WEIGHTS_EXPORT_JOB_INTERNAL_H
#define MOCO_WEIGHTS_EXPORT_JOB_INTERNAL_H

#include "base/bytes_internal.h"
#include "weights/weights_list_internal.h"

#include "moco/export.h"

enum { MOCO__EXPORT_NAME = 256 }; /* bytes of a name */

/* A tensor that is written. */
typedef struct moco__export_tensor {
    char name[MOCO__EXPORT_NAME]; /* in the new file */
    const moco_weights_entry *source;
    bool transposed; /* a matrix; its rows become columns */
} moco__export_tensor;

typedef struct moco__export {
    const moco_weights *weights;
    moco_network network;
    moco_export_options options;
    moco__export_tensor *tensors;
    size_t count, room;
} moco__export;

/* Adds a tensor under the name prefix + name. */
moco_status moco__export_add(moco__export *job, const char *prefix, const char *name, const moco_weights_entry *source);
/* Gives the sizes of a tensor as it is written. */
void moco__export_sizes(int64_t sizes[MOCO__PICKLE_MAX_DIMS], const moco__export_tensor *tensor);
/* Reads the elements of a tensor, row-major. */
moco_status moco__export_read(moco__bytes *out, const moco__export *job, const moco__export_tensor *tensor);

/* How a format is written. A new one is a file that defines a moco__exporter, and a row in export.c. */
typedef struct moco__exporter {
    bool has_head;      /* keeps the encoder's head, unless the options leave it out */
    bool for_any_shape; /* its readers take every network of libmoco */
    /* Writes job->tensors, which are the encoder's under torchvision's names. */
    moco_status (*write)(moco__export *job, const char *path);
} moco__exporter;

#endif
