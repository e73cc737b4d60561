/* Orders the samples of shards that are read in sequence. */
#include "loader/sampler_order_internal.h"

#include "base/handle_internal.h"
#include "base/rng_internal.h"

#include <stdlib.h>

/* Shards that are read at a time: more mix better and use more threads to unpack, fewer seek less. */
enum { LANES = 4 };

typedef struct lane {
    size_t next, left;
} lane;

/* Takes the next shard that has samples into a lane; returns false if all are taken. */
static bool refill(lane *l, const size_t *sizes, const int64_t *starts, const int64_t *shards, size_t shard_count,
                   size_t *taken)
{
    while (l->left == 0 && *taken < shard_count) {
        const size_t shard = (size_t)shards[(*taken)++];
        *l = (lane){ (size_t)starts[shard], sizes[shard] };
    }
    return l->left > 0;
}

/* Deals out the samples of the shards, one of each lane in turn. */
static void deal(int64_t *out, const size_t *sizes, const int64_t *starts, const int64_t *shards, size_t shard_count)
{
    lane lanes[LANES] = { { 0, 0 } };
    size_t taken = 0;
    size_t dealt = 0;
    for (size_t before = SIZE_MAX; before != dealt;) {
        before = dealt;
        for (size_t i = 0; i < LANES; ++i) {
            if (refill(&lanes[i], sizes, starts, shards, shard_count, &taken)) {
                out[dealt++] = (int64_t)lanes[i].next++;
                --lanes[i].left;
            }
        }
    }
}

/* Fisher and Yates within each window. */
static void shuffle_windows(int64_t *order, size_t count, size_t window, moco__rng *rng)
{
    size_t from = 0;
    size_t size = 1 + (size_t)moco__rng_below(rng, window);
    while (from < count) {
        size = size < count - from ? size : count - from;
        for (size_t i = size; i > 1; --i) {
            const size_t j = (size_t)moco__rng_below(rng, i);
            const int64_t kept = order[from + j];
            order[from + j] = order[from + i - 1];
            order[from + i - 1] = kept;
        }
        from += size;
        size = window;
    }
}

moco_status moco__sampler_order(int64_t *out, const size_t *shard_sizes, size_t shard_count, size_t window,
                                uint64_t seed, uint64_t epoch)
{
    int64_t *shards = moco__calloc(shard_count, sizeof *shards);
    int64_t *starts = moco__calloc(shard_count, sizeof *starts);
    if (shards == NULL || starts == NULL) {
        free(shards);
        free(starts);
        return MOCO_ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < shard_count; ++i) {
        starts[i] = (int64_t)count;
        count += shard_sizes[i];
    }
    moco__permutation(shards, shard_count, seed, MOCO__RNG_SHARDS, epoch);
    deal(out, shard_sizes, starts, shards, shard_count);
    moco__rng rng;
    moco__rng_start(&rng, seed, MOCO__RNG_EPOCH, epoch);
    shuffle_windows(out, count, window, &rng);
    free(shards);
    free(starts);
    return MOCO_OK;
}
