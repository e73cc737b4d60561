/*
 * Gathers the running statistics of batch norm over the ranks.
 *
 * Each rank has statistics of the images that it saw. Their mean is saved and evaluated, as with the groups of one
 * process. A resumed run continues with the statistics of each rank.
 */
#ifndef MOCO_RANKS_STATISTICS_INTERNAL_H
#define MOCO_RANKS_STATISTICS_INTERNAL_H

#include "moco/comm.h"
#include "moco/encoder.h"

typedef struct moco__statistics {
    size_t count; /* values of one rank */
    size_t world;
    float *all;  /* world x count, rank by rank */
    float *mean; /* count */
} moco__statistics;

/* Collects the statistics of all ranks, and computes their mean. All ranks call it. @p device: of the encoder. */
moco_status moco__statistics_gather(moco__statistics *out, moco_comm *comm, const moco_encoder *encoder,
                                    moco_device device);

/* Overwrites an encoder's statistics with `count` values. */
moco_status moco__statistics_set(moco_encoder *encoder, const float *values);

/* Returns the number of values that an encoder has. */
size_t moco__statistics_count(const moco_encoder *encoder);

void moco__statistics_free(moco__statistics *statistics);

#endif
