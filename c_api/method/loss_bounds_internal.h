/* What the loss of a run is at best and by guessing, for every mechanism. */
#ifndef MOCO_METHOD_LOSS_BOUNDS_INTERNAL_H
#define MOCO_METHOD_LOSS_BOUNDS_INTERNAL_H

#include "moco/model.h"

/* The settings that the loss depends on. */
typedef struct moco__loss_setting {
    moco_mechanism mechanism;
    int64_t queue_size, batch, dim;
    int64_t images; /* in the dataset; 0: not known, and many */
    double temperature;
    bool symmetric;
} moco__loss_setting;

typedef struct moco__loss_bounds {
    double negatives; /* of a query */
    double own;       /* of these, on the mean, older features of the query's own image */
    double chance;    /* the loss of guessing */
    double floor;     /* about the lowest that an encoder can reach */
} moco__loss_bounds;

/*
 * Assumes positives at cosine 1, negatives uniform on the sphere, and the image's own older features at cosine 1 too:
 * each of these is as good as the positive, so that one keeps the loss above ln 2. A queue holds them if it is long for
 * the dataset, and a dictionary that is drawn from a memory bank by chance. The keys of the step itself are never among
 * the negatives.
 */
moco__loss_bounds moco__loss_bounds_of(const moco__loss_setting *setting);

#endif
