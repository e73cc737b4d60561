/* What the loader asks of a sampler beside the public calls. */
#ifndef MOCO_C_API_SAMPLER_H
#define MOCO_C_API_SAMPLER_H

#include "moco/sampler.h"

/* Size of the dataset that the sampler was made for. */
size_t moco__sampler_count(const moco_sampler *sampler);

/* The most indices that a batch has. */
size_t moco__sampler_batch_max(const moco_sampler *sampler);

#endif
