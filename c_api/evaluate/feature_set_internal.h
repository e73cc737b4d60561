/* Defines the features of a dataset. */
#ifndef MOCO_EVALUATE_FEATURE_SET_INTERNAL_H
#define MOCO_EVALUATE_FEATURE_SET_INTERNAL_H

#include "moco/evaluate.h"

struct moco_features {
    moco_tensor *matrix;  /* count x dim */
    int64_t *labels;      /* count */
    int64_t *indices;     /* count, of the images in the dataset */
    uint64_t *identities; /* count, see moco__dataset_identify() */
    size_t count;
    int32_t channels; /* of the images, to show them */
    bool raw;         /* rows are not normalised */
    moco_features_seconds seconds;
};

/* Allocates features without a matrix; NULL if memory is out. */
moco_features *moco__features_allocate(size_t count);

#endif
