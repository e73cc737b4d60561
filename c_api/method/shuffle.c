/*
 * Shuffles batch norm (paper, section 3.3): a rank encodes the keys of other samples than its queries, and all keys are
 * put back in order.
 */
#include "method/shuffle_internal.h"

#include "base/handle_internal.h"
#include "base/rng_internal.h"
#include "loader/sampler_internal.h"

#include <stdlib.h>
#include <string.h>

void moco_shuffle_permutation(int64_t *permutation, size_t n, uint64_t seed, uint64_t step)
{
    moco__permutation(permutation, n, seed, MOCO__RNG_SHUFFLE, step);
}

moco_status moco_shuffle_grouped_permutation(int64_t *permutation, size_t n, size_t groups, uint64_t seed,
                                             uint64_t step)
{
    MOCO_CHECK_ARG(permutation);
    if (groups == 0 || n % groups != 0) {
        return moco_error_set(MOCO_EINVALID, "shuffle: %zu samples do not give %zu equal groups", n, groups);
    }
    if (groups == 1) {
        moco_shuffle_permutation(permutation, n, seed, step);
        return MOCO_OK;
    }
    int64_t *samples = moco__calloc(n, sizeof *samples);
    if (samples == NULL) {
        return MOCO_ENOMEM;
    }
    moco_shuffle_permutation(samples, n, seed, step);
    for (size_t row = 0; row < n; ++row) {
        const int64_t sample = samples[moco__grouped_sample(row, n, groups)];
        permutation[row] = (int64_t)moco__grouped_row((size_t)sample, n, groups);
    }
    free(samples);
    return MOCO_OK;
}

void moco_shuffle_inverse(int64_t *inverse, const int64_t *permutation, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        inverse[permutation[i]] = (int64_t)i;
    }
}

/* Makes room for batches of which this rank holds `own` rows. */
static moco_status resize(moco__shuffle *shuffle, size_t own)
{
    const size_t world = (size_t)moco_comm_world(shuffle->comm);
    const size_t count = own * world;
    if (own == shuffle->own) {
        return MOCO_OK;
    }
    int64_t *memory = moco__calloc(3 * count + 2 * own + 2 * world, sizeof *memory);
    if (memory == NULL) {
        return MOCO_ENOMEM;
    }
    free(shuffle->order);
    shuffle->count = count;
    shuffle->own = own;
    shuffle->order = memory;
    shuffle->inverse = shuffle->order + count;
    shuffle->samples = shuffle->inverse + count;
    shuffle->pick = shuffle->samples + count;
    shuffle->place = shuffle->pick + own;
    shuffle->send = shuffle->place + own;
    shuffle->receive = shuffle->send + world;
    for (size_t n = 0; n < count; ++n) {
        shuffle->samples[n] = (int64_t)moco__grouped_row(n, count, shuffle->groups);
    }
    return MOCO_OK;
}

/* Fills in `inverse`; an order that is not a permutation is an error. */
static moco_status invert(moco__shuffle *shuffle)
{
    const int64_t count = (int64_t)shuffle->count;
    for (int64_t i = 0; i < count; ++i) {
        shuffle->inverse[i] = -1;
    }
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = shuffle->order[i];
        if (row < 0 || row >= count || shuffle->inverse[row] >= 0) {
            return moco_error_set(
                MOCO_EINVALID, "shuffle: row %lld is drawn twice or is not in 0..%lld; give a permutation of all rows",
                (long long)row, (long long)(count - 1));
        }
        shuffle->inverse[row] = i;
    }
    return MOCO_OK;
}

/* Plans which rows go where. Every rank knows the complete order, so ranks do not communicate here. */
static void plan_exchange(moco__shuffle *shuffle)
{
    const size_t rank = (size_t)moco_comm_rank(shuffle->comm);
    const size_t world = (size_t)moco_comm_world(shuffle->comm);
    const size_t own = shuffle->own;
    size_t picked = 0;
    memset(shuffle->send, 0, 2 * world * sizeof *shuffle->send); /* and receive */
    for (size_t p = 0; p < shuffle->count; ++p) {
        const size_t row = (size_t)shuffle->order[p];
        if (row / own == rank) {
            shuffle->pick[picked++] = (int64_t)(row - rank * own);
            shuffle->send[p / own] += 1;
        }
    }
    const int64_t *order = shuffle->order + rank * own;
    for (size_t i = 0; i < own; ++i) {
        shuffle->place[i] = shuffle->receive[(size_t)order[i] / own]++; /* among the rows of one sender */
    }
    for (size_t i = 0; i < own; ++i) {
        for (size_t sender = 0; sender < (size_t)order[i] / own; ++sender) {
            shuffle->place[i] += shuffle->receive[sender];
        }
    }
}

/* Draws the next permutation of the rows of all ranks; every rank draws the same. */
static moco_status draw(moco__shuffle *shuffle)
{
    if (shuffle->permutation != NULL) {
        shuffle->permutation(shuffle->order, shuffle->count, shuffle->drawn, shuffle->payload);
    } else {
        MOCO_TRY(moco_shuffle_grouped_permutation(shuffle->order, shuffle->count, shuffle->groups, shuffle->seed,
                                                  shuffle->drawn));
    }
    MOCO_TRY(invert(shuffle));
    plan_exchange(shuffle);
    shuffle->drawn += 1;
    return MOCO_OK;
}

/* Selects rows of a tensor by their numbers. */
static moco_status select_rows(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, const int64_t *rows,
                               size_t count)
{
    moco_tensor *index;
    const int64_t n = (int64_t)count;
    MOCO_TRY(moco_tensor_from_host(&index, scope, MOCO_INT64, moco_tensor_device(tensor), &n, 1, rows));
    return moco_tensor_index_select(out, scope, tensor, index);
}

/* Sends each rank only the rows that it needs. */
static moco_status exchange(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                            const moco_tensor *images)
{
    moco_tensor *picked, *received;
    MOCO_TRY(select_rows(&picked, scope, images, shuffle->pick, shuffle->own));
    MOCO_TRY(moco_comm_all_to_all(&received, scope, shuffle->comm, picked, shuffle->send, shuffle->receive));
    return select_rows(out, scope, received, shuffle->place, shuffle->own);
}

moco_status moco__shuffle_images(moco_tensor **out, moco_scope *scope, moco__shuffle *shuffle,
                                 const moco_tensor *images)
{
    MOCO_TRY(resize(shuffle, (size_t)moco_tensor_size(images, 0)));
    if (shuffle->kind == MOCO_SHUFFLE_OFF) {
        return moco_tensor_narrow(out, scope, images, 0, 0, (int64_t)shuffle->own);
    }
    MOCO_TRY(draw(shuffle));
    if (shuffle->kind == MOCO_SHUFFLE_ALL_TO_ALL && moco_comm_world(shuffle->comm) > 1) {
        return exchange(out, scope, shuffle, images);
    }
    moco_tensor *all; /* as in the reference: every rank gets all images */
    MOCO_TRY(moco_comm_all_gather(&all, scope, shuffle->comm, images));
    const size_t first = (size_t)moco_comm_rank(shuffle->comm) * shuffle->own;
    return select_rows(out, scope, all, shuffle->order + first, shuffle->own);
}

moco_status moco__shuffle_undo(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                               const moco_tensor *keys)
{
    if (shuffle->kind == MOCO_SHUFFLE_OFF) {
        return moco_comm_all_gather(out, scope, shuffle->comm, keys);
    }
    moco_tensor *all; /* in shuffled order */
    MOCO_TRY(moco_comm_all_gather(&all, scope, shuffle->comm, keys));
    return select_rows(out, scope, all, shuffle->inverse, shuffle->count);
}

moco_status moco__shuffle_ungroup(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_tensor *keys)
{
    if (shuffle->groups == 1) {
        *out = keys;
        return MOCO_OK;
    }
    return select_rows(out, scope, keys, shuffle->samples, shuffle->count);
}

void moco__shuffle_free(moco__shuffle *shuffle)
{
    free(shuffle->order);
    *shuffle = (moco__shuffle){ 0 };
}
