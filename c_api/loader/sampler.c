/* Decides the order of samples: one per epoch, a permutation that depends on (seed, epoch) and the shards, weighted
 * draws, or the application's. Cuts it into batches, and batches into the parts of ranks. Only an application's order
 * is kept; others are computed place by place. */
#include "loader/sampler_internal.h"

#include "base/handle_internal.h"
#include "base/keyed_internal.h"
#include "base/options_read_internal.h"
#include "base/rng_internal.h"
#include "dataset/dataset_internal.h"
#include "loader/sampler_order_internal.h"
#include "loader/shard_order_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

struct moco_sampler {
    atomic_bool taken; /* by a loader */
    size_t count;
    size_t batch_size; /* over all ranks */
    size_t batches;    /* batches per epoch on this rank */
    size_t rank, world;
    size_t groups; /* groups of batch norm, over all ranks */
    bool whole_batches;
    uint64_t seed;
    bool shuffles;
    moco__keyed all;          /* the permutation of the epoch, if no other order is given */
    moco__shard_order shards; /* window 0: none */
    double *weight_sums;      /* NULL: each sample comes once */
    moco_order_fn order_fn;   /* NULL: the order is drawn here */
    void *payload;
    int64_t *order; /* of order_fn */
    uint64_t epoch;
    size_t batch;         /* the next one, below batches */
    uint64_t order_epoch; /* that the order was drawn for */
    bool order_valid;
};

static moco_status check_options(const moco_sampler_options *o)
{
    if (o->count == 0) {
        return moco_error_set(MOCO_EINVALID, "sampler: the dataset is empty (count 0); give one with images");
    }
    if (o->count > (size_t)INT64_MAX / sizeof(int64_t)) {
        return moco_error_set(MOCO_EINVALID, "sampler: count %zu is larger than any dataset", o->count);
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
    size_t sum = 0;
    for (size_t i = 0; o->shard_sizes != NULL && i < o->shard_count; ++i) {
        sum = o->shard_sizes[i] <= SIZE_MAX - sum ? sum + o->shard_sizes[i] : SIZE_MAX;
    }
    if (o->shard_sizes != NULL && sum != o->count) {
        return moco_error_set(MOCO_EINVALID,
                              "sampler: the %zu shards have %zu samples, but count is %zu; they must be equal",
                              o->shard_count, sum, o->count);
    }
    if (o->weights != NULL && (o->order != NULL || !o->shuffle)) {
        return moco_error_set(MOCO_EINVALID, "sampler: weights are for a shuffled order that is drawn here; %s",
                              o->order != NULL ? "give weights or order, not both" : "set shuffle, or leave them NULL");
    }
    return MOCO_OK;
}

/* Keeps the weights as sums. */
static moco_status take_weights(moco_sampler *sampler, const moco_sampler_options *o)
{
    sampler->weight_sums = moco__calloc(o->count, sizeof *sampler->weight_sums);
    return sampler->weight_sums != NULL ? moco__sampler_sums(sampler->weight_sums, o->weights, o->count) : MOCO_ENOMEM;
}

/* Prepares the order that the options ask for. */
static moco_status make_order(moco_sampler *sampler, const moco_sampler_options *o)
{
    const bool sharded = o->shard_sizes != NULL;
    sampler->shuffles = o->shuffle;
    sampler->order_fn = o->order;
    sampler->payload = o->payload;
    if (o->order != NULL) {
        sampler->order = moco__calloc(o->count, sizeof *sampler->order);
        return sampler->order != NULL ? MOCO_OK : MOCO_ENOMEM;
    }
    if (o->weights != NULL) {
        return take_weights(sampler, o);
    }
    return o->shuffle && o->window > 0 ? moco__shard_order_make(&sampler->shards, sharded ? o->shard_sizes : &o->count,
                                                                sharded ? o->shard_count : 1, o->window, o->seed)
                                       : MOCO_OK;
}

static moco_status check_share(const moco_sampler_options *o)
{
    if (o->world < 1 || o->rank < 0 || o->rank >= o->world) {
        return moco_error_set(MOCO_EINVALID, "sampler: rank %d of %d is out of range", o->rank, o->world);
    }
    const size_t groups = o->groups > 0 ? o->groups : (size_t)o->world;
    if (o->whole_batches || groups == 1) {
        return MOCO_OK;
    }
    if (groups % (size_t)o->world != 0 || o->batch % groups != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "sampler: a batch of %zu does not give %zu equal groups on %d processes; use a multiple",
                              o->batch, groups, o->world);
    }
    if (!o->drop_last && o->count % o->batch != 0) {
        return moco_error_set(MOCO_EINVALID, "sampler: the last, smaller batch cannot be shared out; drop it");
    }
    return MOCO_OK;
}

/* Returns the number of batches per epoch on this rank. */
static size_t count_batches(const moco_sampler_options *o)
{
    const size_t rest = o->drop_last ? 0 : o->batch - 1;
    const size_t all = (o->count + rest) / o->batch;
    const size_t rank = (size_t)o->rank;
    const size_t world = (size_t)o->world;
    return o->whole_batches ? (all + world - 1 - rank) / world : all;
}

MOCO__DEFINE_INIT(moco_sampler_options, MOCO_SAMPLER_OPTIONS_INIT)

static moco_status read_options(moco_sampler_options *out, const moco_sampler_options *options)
{
    MOCO__READ_OPTIONS(out, options, MOCO_SAMPLER_OPTIONS_INIT);
    return MOCO_OK;
}

void moco_sampler_options_for(moco_sampler_options *options, const moco_dataset *dataset, size_t window)
{
    moco_sampler_options o;
    if (options == NULL || dataset == NULL || read_options(&o, options) != MOCO_OK) {
        return; /* moco_sampler_create() says what is wrong with them */
    }
    o.count = moco_dataset_count(dataset);
    o.shard_count = moco_dataset_shards(dataset, &o.shard_sizes);
    o.window = window == 0 && dataset->is_sequential ? MOCO_SHARD_WINDOW : window;
    moco__options_write(options, &o, sizeof o);
}

moco_status moco_sampler_create(moco_sampler **out, const moco_sampler_options *options)
{
    moco_sampler_options o;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(options);
    MOCO_TRY(read_options(&o, options));
    MOCO_TRY(check_options(&o));
    MOCO_TRY(check_share(&o));
    moco_sampler *sampler = moco__handle_alloc(sizeof *sampler);
    if (sampler == NULL) {
        return MOCO_ENOMEM;
    }
    sampler->count = o.count;
    sampler->batch_size = o.batch;
    sampler->batches = count_batches(&o);
    sampler->rank = (size_t)o.rank;
    sampler->world = (size_t)o.world;
    sampler->groups = o.groups > 0 ? o.groups : (size_t)o.world;
    sampler->whole_batches = o.whole_batches;
    sampler->seed = o.seed;
    const moco_status status = make_order(sampler, &o);
    if (status != MOCO_OK) {
        moco_sampler_free(sampler);
        return status;
    }
    *out = sampler;
    return MOCO_OK;
}

void moco_sampler_free(moco_sampler *sampler)
{
    if (sampler != NULL) {
        free(sampler->order);
        free(sampler->weight_sums);
        moco__shard_order_free(&sampler->shards);
        moco__handle_free(sampler);
    }
}

size_t moco_sampler_batches(const moco_sampler *sampler)
{
    return sampler != NULL ? sampler->batches : 0;
}

size_t moco__sampler_count(const moco_sampler *sampler)
{
    return sampler->count;
}

size_t moco__sampler_batch_max(const moco_sampler *sampler)
{
    const size_t all = sampler->count < sampler->batch_size ? sampler->count : sampler->batch_size;
    return sampler->whole_batches ? all : all / sampler->world;
}

static moco_status refuse_taken(void)
{
    return moco_error_set(MOCO_EINVALID,
                          "sampler: a loader moves it; free that loader first, or make a second sampler");
}

moco_status moco__sampler_take(moco_sampler *sampler)
{
    return atomic_exchange(&sampler->taken, true) ? refuse_taken() : MOCO_OK;
}

void moco__sampler_release(moco_sampler *sampler)
{
    atomic_store(&sampler->taken, false);
}

moco_status moco_sampler_seek(moco_sampler *sampler, uint64_t epoch, size_t batch)
{
    MOCO_CHECK_ARG(sampler);
    MOCO_TRY(atomic_load(&sampler->taken) ? refuse_taken() : MOCO_OK);
    if (batch > sampler->batches) {
        return moco_error_set(MOCO_EINVALID,
                              "sampler: batch %zu is beyond the %zu batches of an epoch; the data or the batch size "
                              "differ from the run that is resumed",
                              batch, sampler->batches);
    }
    /* The end of an epoch is the start of the next. */
    const bool ended = batch == sampler->batches;
    sampler->epoch = ended ? epoch + 1 : epoch;
    sampler->batch = ended ? 0 : batch;
    return MOCO_OK;
}

/* Draws the order of the epoch, if that is another one. */
static moco_status draw_order(moco_sampler *sampler)
{
    if (sampler->order_valid && sampler->order_epoch == sampler->epoch) {
        return MOCO_OK;
    }
    sampler->order_valid = false;
    if (sampler->order_fn != NULL) {
        MOCO_TRY(
            moco__sampler_ask(sampler->order, sampler->count, sampler->epoch, sampler->order_fn, sampler->payload));
    } else if (sampler->shards.window > 0) {
        moco__shard_order_draw(&sampler->shards, sampler->epoch);
    } else {
        moco__keyed_start(&sampler->all, sampler->count, sampler->seed, MOCO__RNG_ORDER, sampler->epoch);
    }
    sampler->order_epoch = sampler->epoch;
    sampler->order_valid = true;
    return MOCO_OK;
}

/* Returns the sample at a place of the drawn order. */
static size_t sample_at(const moco_sampler *sampler, size_t place)
{
    if (sampler->order_fn != NULL) {
        return (size_t)sampler->order[place];
    }
    if (!sampler->shuffles) {
        return place;
    }
    if (sampler->weight_sums != NULL) {
        return moco__sampler_draw(sampler->weight_sums, sampler->count, sampler->seed, sampler->epoch, place);
    }
    return sampler->shards.window > 0 ? moco__shard_order_at(&sampler->shards, place)
                                      : (size_t)moco__keyed_at(&sampler->all, place);
}

/* Writes this rank's part of the next batch, group by group. `draws` names each sample for random numbers; may be NULL.
 * Where a sample can come several times in an epoch, its place does, so that its views differ. */
static void take_part(const moco_sampler *sampler, size_t *indices, size_t *draws, size_t *count)
{
    const bool repeats = sampler->weight_sums != NULL || sampler->order_fn != NULL;
    const size_t stride = sampler->whole_batches ? sampler->world : 1;
    const size_t first = sampler->whole_batches ? sampler->rank : 0;
    const size_t from = (sampler->batch * stride + first) * sampler->batch_size;
    const size_t left = sampler->count - from;
    const size_t batch = left < sampler->batch_size ? left : sampler->batch_size;
    const size_t groups = sampler->whole_batches ? 1 : sampler->groups;
    const size_t part = sampler->whole_batches ? batch : batch / sampler->world;
    const size_t row = sampler->whole_batches ? 0 : sampler->rank * part;
    for (size_t i = 0; i < part; ++i) {
        const size_t at = from + moco__grouped_sample(row + i, batch, groups);
        indices[i] = sample_at(sampler, at);
        if (draws != NULL) {
            draws[i] = repeats ? at : indices[i];
        }
    }
    *count = part;
}

moco_status moco__sampler_next(moco_sampler *sampler, size_t *indices, size_t *draws, size_t *count, uint64_t *epoch,
                               size_t *batch)
{
    if (sampler->batches == 0) {
        return moco_error_set(MOCO_EINVALID, "sampler: rank %zu of %zu has no batch", sampler->rank, sampler->world);
    }
    MOCO_TRY(draw_order(sampler));
    take_part(sampler, indices, draws, count);
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

moco_status moco_sampler_next(moco_sampler *sampler, size_t *indices, size_t *count, uint64_t *epoch, size_t *batch)
{
    MOCO_CHECK_ARG(sampler);
    MOCO_CHECK_ARG(indices);
    MOCO_CHECK_ARG(count);
    MOCO_TRY(atomic_load(&sampler->taken) ? refuse_taken() : MOCO_OK);
    return moco__sampler_next(sampler, indices, NULL, count, epoch, batch);
}
