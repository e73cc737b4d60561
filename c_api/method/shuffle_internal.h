/* Shuffles the keys of all ranks before batch norm. */
#ifndef MOCO_METHOD_SHUFFLE_INTERNAL_H
#define MOCO_METHOD_SHUFFLE_INTERNAL_H

#include "moco/comm.h"
#include "moco/model.h"
#include "moco/shuffle.h"

/* A permutation: position p of the shuffled batch takes row order[p]. A rank encodes the positions that have the
 * numbers of its rows. */
typedef struct moco__permuted {
    int64_t *order;   /* count */
    int64_t *inverse; /* count: the position of each row */
    int64_t *pick;    /* own: this rank's rows to send, by destination */
    int64_t *place;   /* own: where among the received rows each position's is */
    int64_t *send;    /* world: rows to each rank */
    int64_t *receive; /* world: rows from each rank */
} moco__permuted;

enum { MOCO__DIRECTIONS = 2 }; /* of a symmetric loss */

typedef struct moco__shuffle {
    /* set when the model is made */
    moco_shuffle_kind kind;
    moco_comm *comm; /* NULL: one process */
    moco_device device;
    size_t groups;                   /* that a batch is laid out in, over all ranks; see sampler.h */
    moco_permutation_fn permutation; /* NULL: moco_shuffle_grouped_permutation() with the seed */
    void *payload;
    uint64_t seed;
    uint64_t drawn; /* shuffles so far; of a memory bank, dictionaries */
    /* the step's */
    size_t count;     /* rows of all ranks */
    size_t own;       /* rows of this rank */
    size_t used;      /* permutations */
    int64_t *samples; /* count: the row of each sample of a batch that is laid out in groups */
    moco__permuted permuted[MOCO__DIRECTIONS];
    size_t memory_size;   /* the arrays above are one after the other: those that the device needs come first */
    moco_tensor *indices; /* these, on the device; owned by the step's scope */
} moco__shuffle;

/* Draws the permutations of a step, one per direction, of batches of which this rank has `own` rows, and copies them to
 * the device. An order that is not a permutation is an error, which changes nothing. */
moco_status moco__shuffle_draw(moco__shuffle *shuffle, moco_scope *scope, size_t own, size_t directions);

/* Gives this rank's images in the order of the step's next permutation; without shuffling, a view of the images. */
moco_status moco__shuffle_images(moco_tensor **out, moco_scope *scope, moco__shuffle *shuffle,
                                 const moco_tensor *images);

/* Puts the keys of all ranks (count x dim), which are in the order of the latest permutation, into the order of their
 * queries. Differentiable. */
moco_status moco__shuffle_undo(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_tensor *keys);

/* Gives the keys of all ranks in the order of the samples, which does not depend on the number of groups and ranks. */
moco_status moco__shuffle_ungroup(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                                  moco_tensor *keys);

void moco__shuffle_free(moco__shuffle *shuffle);

#endif
