/* Gives the batches of a training of linear classifiers: rows of cached features, or features of cropped images. */
#ifndef MOCO_EVALUATE_LINEAR_SOURCE_INTERNAL_H
#define MOCO_EVALUATE_LINEAR_SOURCE_INTERNAL_H

#include "moco/linear.h"

typedef struct moco__linear_source {
    const moco_features *features; /* NULL: images */
    const size_t *subset;          /* rows of the features to learn from; NULL: all */
    size_t subset_count;
    moco_tensor *labels; /* of the cached features, on the device */
    const moco_linear_images *images;
    moco_loader *loader;
    moco_sampler *sampler;
    size_t *indices; /* of a batch */
    int64_t *rows;   /* of a batch, in the matrix of features */
    size_t batch;    /* over all ranks */
    bool training;   /* the encoder's mode before */
} moco__linear_source;

/* Returns how many images there are to learn from. */
size_t moco__linear_source_count(const moco__linear_source *source);

/* Opens a source whose features or images are set. It is to be closed even if this fails. */
moco_status moco__linear_source_open(moco__linear_source *source, const moco_linear *linear,
                                     const moco_linear_train_options *options);

/* Gives the next batch: features, N x dim, and labels, int64, N, both on the device and owned by the scope. */
moco_status moco__linear_source_next(moco_tensor **features, moco_tensor **labels, moco__linear_source *source,
                                     const moco_linear *linear, moco_scope *scope);

/* Frees what a source opened, and gives the encoder back its mode. */
void moco__linear_source_close(moco__linear_source *source);

#endif
