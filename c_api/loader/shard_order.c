#include "loader/shard_order_internal.h"

#include "base/handle_internal.h"
#include "base/keyed_internal.h"
#include "base/rng_internal.h"

#include <stdlib.h>
#include <string.h>

moco_status moco__shard_order_make(moco__shard_order *order, const size_t *sizes, size_t shard_count, size_t window,
                                   uint64_t seed)
{
    order->sizes = moco__calloc(shard_count, sizeof *order->sizes);
    order->starts = moco__calloc(shard_count, sizeof *order->starts);
    order->shards = moco__calloc(shard_count, sizeof *order->shards);
    order->turns = moco__calloc(shard_count, sizeof *order->turns); /* each ends with a shard */
    if (order->sizes == NULL || order->starts == NULL || order->shards == NULL || order->turns == NULL) {
        return MOCO_ENOMEM;
    }
    memcpy(order->sizes, sizes, shard_count * sizeof *sizes);
    order->shard_count = shard_count;
    for (size_t i = 0; i < shard_count; ++i) {
        order->starts[i] = order->count;
        order->count += sizes[i];
    }
    order->window = window;
    order->seed = seed;
    return MOCO_OK;
}

void moco__shard_order_free(moco__shard_order *order)
{
    free(order->sizes);
    free(order->starts);
    free(order->shards);
    free(order->turns);
}

typedef struct lane {
    size_t next, left;
} lane;

/* Gives lanes that are empty the next shards that have samples. */
static void refill(lane *lanes, const moco__shard_order *order, size_t *taken)
{
    for (size_t i = 0; i < MOCO__SHARD_LANES; ++i) {
        while (lanes[i].left == 0 && *taken < order->shard_count) {
            const size_t shard = (size_t)order->shards[(*taken)++];
            lanes[i] = (lane){ order->starts[shard], order->sizes[shard] };
        }
    }
}

/* Lets the lanes that have samples take turns until the first of them is empty. Returns how many samples that deals. */
static size_t take_turns(moco__shard_turns *turns, lane *lanes)
{
    size_t rounds = SIZE_MAX;
    turns->lanes = 0;
    for (size_t i = 0; i < MOCO__SHARD_LANES; ++i) {
        if (lanes[i].left > 0) {
            turns->first[turns->lanes++] = lanes[i].next;
            rounds = lanes[i].left < rounds ? lanes[i].left : rounds;
        }
    }
    for (size_t i = 0; i < MOCO__SHARD_LANES; ++i) {
        if (lanes[i].left > 0) {
            lanes[i].next += rounds;
            lanes[i].left -= rounds;
        }
    }
    return rounds * turns->lanes;
}

void moco__shard_order_draw(moco__shard_order *order, uint64_t epoch)
{
    lane lanes[MOCO__SHARD_LANES] = { { 0, 0 } };
    size_t taken = 0;
    size_t dealt = 0;
    moco__permutation(order->shards, order->shard_count, order->seed, MOCO__RNG_SHARDS, epoch);
    order->turn_count = 0;
    while (dealt < order->count) {
        moco__shard_turns *turns = &order->turns[order->turn_count++];
        turns->start = dealt;
        refill(lanes, order, &taken);
        dealt += take_turns(turns, lanes);
    }
    moco__rng rng;
    moco__rng_start(&rng, order->seed, MOCO__RNG_EPOCH, epoch);
    order->first_window = 1 + (size_t)moco__rng_below(&rng, order->window);
    order->epoch = epoch;
}

/* Returns where the shuffle of its window sends a place. */
static size_t shuffled(const moco__shard_order *order, size_t place)
{
    const size_t first = order->first_window;
    const size_t window = place < first ? 0 : 1 + (place - first) / order->window;
    const size_t from = window == 0 ? 0 : first + (window - 1) * order->window;
    const size_t size = window == 0 ? first : order->window;
    const size_t left = order->count - from;
    moco__rng rng;
    moco__keyed keyed;
    moco__rng_start_at(&rng, order->seed, MOCO__RNG_WINDOW, order->epoch, (uint32_t)window);
    const uint64_t low = moco__rng_next(&rng);
    const uint64_t seed = (uint64_t)moco__rng_next(&rng) << 32U | low;
    moco__keyed_start(&keyed, size < left ? size : left, seed, MOCO__RNG_WINDOW, 0);
    return from + (size_t)moco__keyed_at(&keyed, place - from);
}

size_t moco__shard_order_at(const moco__shard_order *order, size_t place)
{
    const size_t dealt = shuffled(order, place);
    size_t low = 0;
    for (size_t high = order->turn_count; high - low > 1;) {
        const size_t middle = low + (high - low) / 2;
        if (order->turns[middle].start <= dealt) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const moco__shard_turns *turns = &order->turns[low];
    const size_t turn = dealt - turns->start;
    return turns->first[turn % turns->lanes] + turn / turns->lanes;
}
