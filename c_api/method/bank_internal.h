/* The memory bank: a feature of every image (arXiv 1805.01978; figure 2 (b) of arXiv 1911.05722). */
#ifndef MOCO_METHOD_BANK_INTERNAL_H
#define MOCO_METHOD_BANK_INTERNAL_H

#include "moco/comm.h"

typedef struct moco__bank {
    moco_tensor *features; /* images x C; NULL: there is no bank */
    int64_t size;          /* of a dictionary, K */
    double momentum;       /* of a feature */
    bool per_query;        /* a dictionary for each query, not for each batch */
    uint64_t seed;
} moco__bank;

/* The batch of a step, in the order of the rows of all ranks. */
typedef struct moco__bank_batch {
    size_t own, first, count; /* rows of this rank, its first row, rows of all ranks */
    size_t groups;            /* that the rows are laid out in; see loader/sampler_internal.h */
    uint64_t number;          /* of the step */
    const size_t *samples;    /* own: the numbers of the images */
} moco__bank_batch;

/* Makes the features of a bank that is filled in otherwise: uniform values, so that a row has about length 1. Every
 * rank makes the same. */
moco_status moco__bank_create(moco__bank *bank, int64_t images, int64_t dim, moco_device device);
void moco__bank_free(moco__bank *bank);

/* Gives the features of this rank's images, own x C. */
moco_status moco__bank_positives(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                 const moco__bank_batch *batch);

/* Gives features that are drawn uniformly, with replacement: K x C, the same on every rank. */
moco_status moco__bank_dictionary(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                  const moco__bank_batch *batch);

/* Gives each of `count` of this rank's rows, from row `from`, a separate dictionary: count x K x C. What a query
 * gets does not depend on the number of ranks. */
moco_status moco__bank_dictionaries(moco_tensor **out, moco_scope *scope, const moco__bank *bank,
                                    const moco__bank_batch *batch, size_t from, size_t count);

/* Moves the features of all ranks' images towards this step's (own x C), and normalises them. If an image is in the
 * batch several times, its last one counts. */
moco_status moco__bank_update(const moco__bank *bank, moco_comm *comm, moco_scope *scope, const moco__bank_batch *batch,
                              const moco_tensor *features);

#endif
