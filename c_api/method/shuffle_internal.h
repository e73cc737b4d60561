/* Shuffled BN over the batches of all ranks. */
#ifndef MOCO_METHOD_SHUFFLE_INTERNAL_H
#define MOCO_METHOD_SHUFFLE_INTERNAL_H

#include "moco/comm.h"
#include "moco/model.h"
#include "moco/shuffle.h"

/*
 * One shuffle of a batch of `count` rows, of which this rank holds `part`. Position p of the shuffled batch takes row
 * order[p]; a rank encodes the positions that have the numbers of its own rows.
 */
typedef struct moco__shuffle {
    size_t count, part, capacity;
    int64_t *order;   /* count */
    int64_t *inverse; /* count: the position of each row */
    int64_t *pick;    /* part: own rows to send, by destination */
    int64_t *place;   /* part: where among the received rows each position's is */
    int64_t *send;    /* world: rows to each rank */
    int64_t *receive; /* world: rows from each rank */
    int64_t *samples; /* count: the row of each sample of a batch that is laid out group by group */
} moco__shuffle;

/* Makes room for a batch of which this rank holds `part` rows, laid out in groups. */
moco_status moco__shuffle_resize(moco__shuffle *shuffle, const moco_comm *comm, size_t part, size_t groups);

/* Fills in the rest once `order` is drawn; an order that is no permutation is an error. */
moco_status moco__shuffle_plan(moco__shuffle *shuffle, const moco_comm *comm);

/* This rank's part of the images in shuffled order. */
moco_status moco__shuffle_images(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_comm *comm,
                                 moco_shuffle_kind kind, const moco_tensor *images);

/* All ranks' keys (count x dim) in the order of their queries, from this rank's in shuffled order. */
moco_status moco__unshuffle_keys(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_comm *comm,
                                 const moco_tensor *keys);

/* Keys in the order of the samples, so that the queue does not depend on the number of groups and ranks. */
moco_status moco__ungroup_keys(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                               const moco_tensor *keys);

void moco__shuffle_free(moco__shuffle *shuffle);

#endif
