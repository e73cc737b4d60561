/* Holds a part of the training images out, on which settings are chosen, so that test images decide nothing. */
#ifndef MOCO_EVALUATE_HOLD_OUT_INTERNAL_H
#define MOCO_EVALUATE_HOLD_OUT_INTERNAL_H

#include "moco/dataset.h"

MOCO_BEGIN_DECLS

/* The images of a set in two parts; each list is in ascending order. */
typedef struct moco__hold_out {
    size_t *learnt;
    size_t learnt_count;
    size_t *held;
    size_t held_count;
} moco__hold_out;

/*
 * Takes a tenth of every class, or a fifth of sets below 2000 images, at most 10000 images in all, and leaves at least
 * one of each class to learn from. The same seed gives the same parts. Fails if a label is missing, or if no class has
 * two images. The caller frees the parts.
 */
moco_status moco__hold_out_create(moco__hold_out *out, const int64_t *labels, size_t count, uint64_t seed);
void moco__hold_out_free(moco__hold_out *parts);

/* The same of a dataset: two subsets of it, which the caller frees before it. */
moco_status moco__hold_out_datasets(moco_dataset **learnt, moco_dataset **held, const moco_dataset *dataset,
                                    uint64_t seed);

MOCO_END_DECLS

#endif
