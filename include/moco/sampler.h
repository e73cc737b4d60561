/**
 * @file sampler.h
 * Decides the order of samples: one permutation per epoch, cut into batches. It can continue from any batch.
 *
 * The order is that of the complete run. If several processes share a batch, each takes its part.
 *
 * Groups. Sample n of a batch belongs to group n mod G of batch norm, as in SplitBN. A batch is laid out group by
 * group, and each rank has G / world groups. So the results do not depend on the number of processes.
 */
#ifndef MOCO_SAMPLER_H
#define MOCO_SAMPLER_H

#include "dataset.h"

MOCO_BEGIN_DECLS

/** Draws batches of indices. @since 0.1 */
typedef struct moco_sampler moco_sampler;

/**
 * Writes the order of an epoch: @p count indices, each below @p count; an image may come several times or not at all.
 * The same epoch must give the same order each time and on every process, so that runs can be resumed and shared. A
 * loader calls it from its worker threads, one call at a time.
 * @param[out] order what it holds before is undefined
 * @param count size of the dataset, and of the order
 * @param epoch from 0
 * @param payload of the options
 * @return ::MOCO_OK, or an error, which moco_sampler_next() gives back
 * @since 0.2
 */
typedef moco_status (*moco_order_fn)(int64_t *order, size_t count, uint64_t epoch, void *payload);

/** Options of moco_sampler_create(). @since 0.1 */
typedef struct moco_sampler_options {
    size_t struct_size; /**< set by the macro or function below */
    size_t count;       /**< size of the dataset */
    size_t batch;       /**< samples per batch, over all processes; 256 */
    uint64_t seed;      /**< the order of an epoch depends only on seed, epoch, window and shards */
    bool shuffle;       /**< true */
    bool drop_last;     /**< leave out the last, smaller batch of an epoch; true */
    int32_t rank;       /**< this process, 0 to world - 1; 0 */
    int32_t world;      /**< number of processes that share each batch, in equal parts; 1 */
    size_t groups;      /**< groups of batch norm, see above; a multiple of world; 0: world */
    bool whole_batches; /**< give complete batches to the ranks in turn, instead of sharing each batch; false */
    /** For data that is best read in sequence: shards are read in random order, a few at a time, and their samples are
     * shuffled in pieces of this many. 0: all samples are shuffled. */
    size_t window;
    const size_t *shard_sizes; /**< with a window: samples in each shard; the sum is count; copied; NULL: 1 shard */
    size_t shard_count;        /**< number of shards at shard_sizes */
    /** count weights, 0 or more, copied; NULL: each image comes once in an epoch. With weights an epoch has as
     * many images as before, and each of them is drawn in proportion to the weights, with replacement. The draws depend
     * only on seed and epoch. Needs shuffle; ignores window and shards. @since 0.2 */
    const double *weights;
    moco_order_fn order; /**< the order of each epoch, instead of one drawn here; NULL: none @since 0.2 */
    void *payload;       /**< for order */
} moco_sampler_options;

/** The defaults of ::moco_sampler_options. */
#define MOCO_SAMPLER_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_sampler_options), 0, 256, 0, true, true, 0, 1, 0, false, 0, NULL, 0, NULL, NULL, NULL              \
    }

/**
 * Fills in what ::MOCO_SAMPLER_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_sampler_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_sampler_options_init(moco_sampler_options *options, size_t struct_size);

/**
 * Fills in count, shards and window for a dataset.
 * @param[in,out] options start from ::MOCO_SAMPLER_OPTIONS_INIT
 * @param dataset borrowed; must outlive moco_sampler_create()
 * @param window 0: ::MOCO_SHARD_WINDOW for compressed shards, all samples for other data
 * @since 0.1
 */
MOCO_API void moco_sampler_options_for(moco_sampler_options *options, const moco_dataset *dataset, size_t window);

/**
 * Makes a sampler at epoch 0, batch 0.
 * @param[out] out a new handle, for moco_sampler_free()
 * @param options copied, with its weights and sizes of shards; count must be set, so not NULL
 * @return ::MOCO_EINVALID if an epoch would have no batch, or options do not fit each other
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_create(moco_sampler **out, const moco_sampler_options *options);

/** Frees a sampler; NULL is allowed. @since 0.1 */
MOCO_API void moco_sampler_free(moco_sampler *sampler);

/** Number of batches per epoch. @since 0.1 */
MOCO_API size_t moco_sampler_batches(const moco_sampler *sampler);

/** Moves to a batch of an epoch, to resume a run. @return ::MOCO_EINVALID if an epoch has fewer batches, or a loader
 * has the sampler @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_seek(moco_sampler *sampler, uint64_t epoch, size_t batch);

/**
 * Returns the next batch. After the last batch of an epoch comes the first of the next.
 * @param sampler of this thread, and of no loader
 * @param[out] indices room for this process's part of a batch
 * @param[out] count number of indices written
 * @param[out] epoch,batch position of the batch; each may be NULL
 * @return what options->order returned; ::MOCO_EINVALID if that order names an image that does not exist, or a loader
 * has the sampler
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_next(moco_sampler *sampler, size_t *indices, size_t *count,
                                                     uint64_t *epoch, size_t *batch);

MOCO_END_DECLS

#endif
