/* Gives the sizes of a sampler, its batches, and their layout by groups. */
#ifndef MOCO_LOADER_SAMPLER_INTERNAL_H
#define MOCO_LOADER_SAMPLER_INTERNAL_H

#include "moco/sampler.h"

/* Returns the sample of a batch that is in a row. The batch is laid out group by group; sample n belongs to group
 * n mod groups. */
static inline size_t moco__grouped_sample(size_t row, size_t batch, size_t groups)
{
    const size_t size = batch / groups;
    return row % size * groups + row / size;
}

/* Returns the row of a sample in a batch. */
static inline size_t moco__grouped_row(size_t sample, size_t batch, size_t groups)
{
    return sample % groups * (batch / groups) + sample / groups;
}

/* Returns the size of the dataset that the sampler was made for. */
size_t moco__sampler_count(const moco_sampler *sampler);

/* Returns the largest number of indices in a batch. */
size_t moco__sampler_batch_max(const moco_sampler *sampler);

/* Keeps all but one loader from moving a sampler; fails with MOCO_EINVALID if a loader has it. */
moco_status moco__sampler_take(moco_sampler *sampler);
void moco__sampler_release(moco_sampler *sampler);

/* Like moco_sampler_next(). draws receives the number that names each sample in the random draws of the epoch. */
moco_status moco__sampler_next(moco_sampler *sampler, size_t *indices, size_t *draws, size_t *count, uint64_t *epoch,
                               size_t *batch);

#endif
