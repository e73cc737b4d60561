/**
 * @file sampler.h
 * The order of samples: a permutation an epoch, cut into batches, resumable at any batch.
 *
 * The order is that of the whole run: where several processes share a batch, each takes its part of it.
 *
 * Groups. Sample n of a batch belongs to group n mod G of batch norm, as in SplitBN, whether the groups lie in one
 * process or in several: a batch is laid out group by group, and a rank has G / world of them. So what a run computes
 * does not depend on the number of processes.
 */
#ifndef MOCO_SAMPLER_H
#define MOCO_SAMPLER_H

#include "dataset.h"

MOCO_BEGIN_DECLS

/** Draws batches of indices. @since 0.1 */
typedef struct moco_sampler moco_sampler;

/** Options of moco_sampler_create(). @since 0.1 */
typedef struct moco_sampler_options {
    size_t struct_size;
    size_t count;       /**< size of the dataset */
    size_t batch;       /**< indices a batch, over all processes; 256 */
    uint64_t seed;      /**< the order of an epoch depends on seed, epoch, window and shards alone */
    bool shuffle;       /**< true */
    bool drop_last;     /**< leave out the last, smaller batch of an epoch; true */
    int32_t rank;       /**< this process, 0..world-1; 0 */
    int32_t world;      /**< processes that share each batch, in equal parts; 1 */
    size_t groups;      /**< see below; a multiple of world; 0: world */
    bool whole_batches; /**< share out the batches instead: a rank gets each world-th whole; false */
    /** Samples among which order is random, for data that is best read in sequence: shards are taken in a random order,
     * a few at a time, and their samples shuffled in pieces of so many. 0: among all. */
    size_t window;
    const size_t *shard_sizes; /**< with a window: samples in each shard, in all @ref count; copied; NULL: one shard */
    size_t shard_count;
} moco_sampler_options;

#define MOCO_SAMPLER_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        sizeof(moco_sampler_options), 0, 256, 0, true, true, 0, 1, 0, false, 0, NULL, 0                                \
    }

/**
 * Fills in count, shards and window for a data set.
 * @param dataset borrowed; must outlive moco_sampler_create()
 * @param window 0: ::MOCO_SHARD_WINDOW for compressed shards, else all of the data
 * @since 0.1
 */
MOCO_API void moco_sampler_options_for(moco_sampler_options *options, const moco_dataset *dataset, size_t window);

/** Makes a sampler at epoch 0, batch 0. @return ::MOCO_EINVALID where an epoch would have no batch @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_create(moco_sampler **out, const moco_sampler_options *options);

/** Frees a sampler; NULL is allowed. @since 0.1 */
MOCO_API void moco_sampler_free(moco_sampler *sampler);

/** Batches in an epoch. @since 0.1 */
MOCO_API size_t moco_sampler_batches(const moco_sampler *sampler);

/** Moves to a batch of an epoch, as a resumed run does. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_seek(moco_sampler *sampler, uint64_t epoch, size_t batch);

/**
 * The next batch; after an epoch's last comes the next epoch's first.
 * @param[out] indices room for this process's part of the options' batch
 * @param[out] count how many were written
 * @param[out] epoch,batch where it stands; each may be NULL
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_sampler_next(moco_sampler *sampler, size_t *indices, size_t *count,
                                                     uint64_t *epoch, size_t *batch);

MOCO_END_DECLS

#endif
