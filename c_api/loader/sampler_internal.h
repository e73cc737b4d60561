/* What the loader asks of a sampler beside the public calls. */
#ifndef MOCO_LOADER_SAMPLER_INTERNAL_H
#define MOCO_LOADER_SAMPLER_INTERNAL_H

#include "moco/sampler.h"

/* Which sample of a batch stands in a row, where the batch is laid out group by group and sample n belongs to group
 * n mod groups. */
static inline size_t moco__grouped_sample(size_t row, size_t batch, size_t groups)
{
    const size_t size = batch / groups;
    return row % size * groups + row / size;
}

/* The row that a sample of a batch stands in. */
static inline size_t moco__grouped_row(size_t sample, size_t batch, size_t groups)
{
    return sample % groups * (batch / groups) + sample / groups;
}

/* Size of the dataset that the sampler was made for. */
size_t moco__sampler_count(const moco_sampler *sampler);

/* The most indices that a batch has. */
size_t moco__sampler_batch_max(const moco_sampler *sampler);

#endif
