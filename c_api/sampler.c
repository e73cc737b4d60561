/* The order of samples: a permutation an epoch, drawn from (seed, epoch) alone and cut into batches. */
#include "sampler.h"

#include "handle.h"
#include "rng.h"

#include <stdlib.h>

struct moco_sampler {
    size_t count;
    size_t batch_size;
    size_t batches; /* an epoch */
    uint64_t seed;
    bool shuffle;
    uint64_t epoch;
    size_t batch;         /* the next one, below batches */
    int64_t *order;       /* the epoch's permutation; NULL without shuffling */
    uint64_t order_epoch; /* which epoch's it is */
    bool order_valid;
};

static moco_status check_options(const moco_sampler_options *o)
{
    if (o->count == 0) {
        return moco_error_set(MOCO_EINVALID, "sampler: the dataset is empty (count 0); give one with images");
    }
    if (o->count > (size_t)INT64_MAX / sizeof(int64_t)) {
        return moco_error_set(MOCO_EINVALID, "sampler: count %zu is beyond what memory can hold", o->count);
    }
    if (o->batch == 0) {
        return moco_error_set(MOCO_EINVALID, "sampler: batch 0 must be at least 1");
    }
    if (o->drop_last && o->count < o->batch) {
        return moco_error_set(MOCO_EINVALID,
                              "sampler: %zu images do not fill one batch of %zu; use a batch of at most %zu, or keep "
                              "the last, smaller batch",
                              o->count, o->batch, o->count);
    }
    return MOCO_OK;
}

moco_status moco_sampler_create(moco_sampler **out, const moco_sampler_options *options)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(options);
    MOCO_TRY(check_options(options));
    moco_sampler *sampler = moco__handle_alloc(sizeof *sampler);
    if (sampler == NULL) {
        return MOCO_ENOMEM;
    }
    sampler->count = options->count;
    sampler->batch_size = options->batch;
    sampler->batches = options->count / options->batch;
    if (!options->drop_last && options->count % options->batch != 0) {
        ++sampler->batches;
    }
    sampler->seed = options->seed;
    sampler->shuffle = options->shuffle;
    if (options->shuffle) {
        sampler->order = moco__calloc(options->count, sizeof *sampler->order);
        if (sampler->order == NULL) {
            moco_sampler_free(sampler);
            return MOCO_ENOMEM;
        }
    }
    *out = sampler;
    return MOCO_OK;
}

void moco_sampler_free(moco_sampler *sampler)
{
    if (sampler != NULL) {
        free(sampler->order);
        moco__handle_free(sampler);
    }
}

size_t moco_sampler_batches(const moco_sampler *sampler)
{
    return sampler->batches;
}

size_t moco__sampler_count(const moco_sampler *sampler)
{
    return sampler->count;
}

size_t moco__sampler_batch_max(const moco_sampler *sampler)
{
    return sampler->count < sampler->batch_size ? sampler->count : sampler->batch_size;
}

moco_status moco_sampler_seek(moco_sampler *sampler, uint64_t epoch, size_t batch)
{
    MOCO_CHECK_ARG(sampler);
    if (batch > sampler->batches) {
        return moco_error_set(MOCO_EINVALID,
                              "sampler: batch %zu is beyond the %zu batches of an epoch; the data or the batch size "
                              "differ from the run that is resumed",
                              batch, sampler->batches);
    }
    /* The end of an epoch, as a run stopped there has it, is the start of the next. */
    const bool ended = batch == sampler->batches;
    sampler->epoch = ended ? epoch + 1 : epoch;
    sampler->batch = ended ? 0 : batch;
    return MOCO_OK;
}

static void draw_order(moco_sampler *sampler)
{
    if (sampler->shuffle && (!sampler->order_valid || sampler->order_epoch != sampler->epoch)) {
        moco__permutation(sampler->order, sampler->count, sampler->seed, MOCO__RNG_EPOCH, sampler->epoch);
        sampler->order_epoch = sampler->epoch;
        sampler->order_valid = true;
    }
}

moco_status moco_sampler_next(moco_sampler *sampler, size_t *indices, size_t *count, uint64_t *epoch, size_t *batch)
{
    MOCO_CHECK_ARG(sampler);
    MOCO_CHECK_ARG(indices);
    MOCO_CHECK_ARG(count);
    draw_order(sampler);
    const size_t from = sampler->batch * sampler->batch_size;
    const size_t left = sampler->count - from;
    *count = left < sampler->batch_size ? left : sampler->batch_size;
    for (size_t i = 0; i < *count; ++i) {
        indices[i] = sampler->shuffle ? (size_t)sampler->order[from + i] : from + i;
    }
    if (epoch != NULL) {
        *epoch = sampler->epoch;
    }
    if (batch != NULL) {
        *batch = sampler->batch;
    }
    ++sampler->batch;
    if (sampler->batch == sampler->batches) {
        sampler->batch = 0;
        ++sampler->epoch;
    }
    return MOCO_OK;
}
