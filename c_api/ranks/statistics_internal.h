/*
 * Running statistics of batch norm, which every rank has of its own images. What is saved or evaluated is their mean,
 * as with the groups of one process; a run goes on with each rank's own.
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

/* Collects all ranks' statistics of an encoder on its device, and their mean. A collective call. */
moco_status moco__statistics_gather(moco__statistics *out, moco_comm *comm, const moco_encoder *encoder,
                                    moco_device device);

/* Overwrites an encoder's statistics with `count` values. */
moco_status moco__statistics_set(moco_encoder *encoder, const float *values);

/* Number of values that an encoder has. */
size_t moco__statistics_count(const moco_encoder *encoder);

void moco__statistics_free(moco__statistics *statistics);

#endif
