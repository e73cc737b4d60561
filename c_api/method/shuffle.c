/*
 * Shuffles batch norm (paper, section 3.3): a rank encodes the keys of other samples than its queries, and all keys are
 * put back in order.
 */
#include "method/shuffle_internal.h"

#include "base/handle_internal.h"
#include "base/rng_internal.h"
#include "base/tensor_internal.h"
#include "loader/sampler_internal.h"

#include "moco/ops.h"

#include <stdlib.h>
#include <string.h>

moco_status moco_shuffle_grouped_permutation(int64_t *permutation, size_t n, size_t groups, uint64_t seed,
                                             uint64_t step)
{
    MOCO_CHECK_ARG(permutation);
    if (groups == 0 || n % groups != 0) {
        return moco_error_set(MOCO_EINVALID, "shuffle: %zu samples do not give %zu equal groups", n, groups);
    }
    if (groups == 1) {
        moco__permutation(permutation, n, seed, MOCO__RNG_SHUFFLE, step);
        return MOCO_OK;
    }
    int64_t *samples = moco__calloc(n, sizeof *samples);
    if (samples == NULL) {
        return MOCO_ENOMEM;
    }
    moco__permutation(samples, n, seed, MOCO__RNG_SHUFFLE, step);
    for (size_t row = 0; row < n; ++row) {
        const int64_t sample = samples[moco__grouped_sample(row, n, groups)];
        permutation[row] = (int64_t)moco__grouped_row((size_t)sample, n, groups);
    }
    free(samples);
    return MOCO_OK;
}

/* Lays out the arrays: those that select rows on the device, then the counts. */
static void lay_out(moco__shuffle *shuffle, int64_t *memory, size_t world)
{
    shuffle->samples = memory;
    memory += shuffle->count;
    for (size_t d = 0; d < MOCO__DIRECTIONS; ++d) {
        moco__permuted *p = &shuffle->permuted[d];
        p->order = memory;
        p->inverse = p->order + shuffle->count;
        p->pick = p->inverse + shuffle->count;
        p->place = p->pick + shuffle->own;
        memory = p->place + shuffle->own;
    }
    shuffle->memory_size = (size_t)(memory - shuffle->samples);
    for (size_t d = 0; d < MOCO__DIRECTIONS; ++d) {
        shuffle->permuted[d].send = memory;
        shuffle->permuted[d].receive = memory + world;
        memory += 2 * world;
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
    int64_t *memory = moco__calloc(count + (size_t)MOCO__DIRECTIONS * 2 * (count + own + world), sizeof *memory);
    if (memory == NULL) {
        return MOCO_ENOMEM;
    }
    free(shuffle->samples);
    shuffle->count = count;
    shuffle->own = own;
    lay_out(shuffle, memory, world);
    for (size_t n = 0; n < count; ++n) {
        shuffle->samples[n] = (int64_t)moco__grouped_row(n, count, shuffle->groups);
    }
    return MOCO_OK;
}

/* Fills in `inverse`; an order that is not a permutation is an error. */
static moco_status invert(const moco__permuted *p, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        p->inverse[i] = -1;
    }
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = p->order[i];
        if (row < 0 || row >= count || p->inverse[row] >= 0) {
            return moco_error_set(
                MOCO_EINVALID, "shuffle: row %lld is drawn twice or is not in 0..%lld; give a permutation of all rows",
                (long long)row, (long long)(count - 1));
        }
        p->inverse[row] = i;
    }
    return MOCO_OK;
}

/* Plans which rows go where. Every rank knows the complete order, so ranks do not communicate here. */
static void plan_exchange(const moco__shuffle *shuffle, const moco__permuted *p)
{
    const size_t rank = (size_t)moco_comm_rank(shuffle->comm);
    const size_t world = (size_t)moco_comm_world(shuffle->comm);
    const size_t own = shuffle->own;
    size_t picked = 0;
    memset(p->send, 0, 2 * world * sizeof *p->send); /* and receive */
    for (size_t i = 0; i < shuffle->count; ++i) {
        const size_t row = (size_t)p->order[i];
        if (row / own == rank) {
            p->pick[picked++] = (int64_t)(row - rank * own);
            p->send[i / own] += 1;
        }
    }
    const int64_t *order = p->order + rank * own;
    for (size_t i = 0; i < own; ++i) {
        p->place[i] = p->receive[(size_t)order[i] / own]++; /* among the rows of one sender */
    }
    for (size_t i = 0; i < own; ++i) {
        for (size_t sender = 0; sender < (size_t)order[i] / own; ++sender) {
            p->place[i] += p->receive[sender];
        }
    }
}

/* Draws a permutation of the rows of all ranks; every rank draws the same. */
static moco_status draw(const moco__shuffle *shuffle, const moco__permuted *p, uint64_t number)
{
    if (shuffle->permutation != NULL) {
        shuffle->permutation(p->order, shuffle->count, number, shuffle->payload);
    } else {
        MOCO_TRY(moco_shuffle_grouped_permutation(p->order, shuffle->count, shuffle->groups, shuffle->seed, number));
    }
    MOCO_TRY(invert(p, (int64_t)shuffle->count));
    plan_exchange(shuffle, p);
    return MOCO_OK;
}

moco_status moco__shuffle_draw(moco__shuffle *shuffle, moco_scope *scope, size_t own, size_t directions)
{
    MOCO_TRY(resize(shuffle, own));
    shuffle->used = 0;
    if (shuffle->kind != MOCO_SHUFFLE_OFF) {
        for (size_t d = 0; d < directions; ++d) {
            MOCO_TRY(draw(shuffle, &shuffle->permuted[d], shuffle->drawn + d));
        }
        shuffle->drawn += directions;
    }
    const int64_t size = (int64_t)shuffle->memory_size;
    return moco_tensor_from_host(&shuffle->indices, scope, MOCO_INT64, shuffle->device, &size, 1, shuffle->samples);
}

/* Selects rows of a tensor by the numbers in one of the arrays. */
static moco_status select_rows(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                               const moco_tensor *tensor, const int64_t *rows, size_t count)
{
    moco_tensor *index;
    MOCO_TRY(moco_tensor_narrow(&index, scope, shuffle->indices, 0, rows - shuffle->samples, (int64_t)count));
    return moco__tensor_index_select(out, scope, tensor, index);
}

/* Sends each rank only the rows that it needs. */
static moco_status exchange(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, const moco__permuted *p,
                            const moco_tensor *images)
{
    moco_tensor *picked, *received;
    MOCO_TRY(select_rows(&picked, scope, shuffle, images, p->pick, shuffle->own));
    MOCO_TRY(moco_comm_all_to_all(&received, scope, shuffle->comm, picked, p->send, p->receive));
    return select_rows(out, scope, shuffle, received, p->place, shuffle->own);
}

moco_status moco__shuffle_images(moco_tensor **out, moco_scope *scope, moco__shuffle *shuffle,
                                 const moco_tensor *images)
{
    if (shuffle->kind == MOCO_SHUFFLE_OFF) {
        return moco_tensor_narrow(out, scope, images, 0, 0, (int64_t)shuffle->own);
    }
    const moco__permuted *p = &shuffle->permuted[shuffle->used++];
    if (shuffle->kind == MOCO_SHUFFLE_ALL_TO_ALL && moco_comm_world(shuffle->comm) > 1) {
        return exchange(out, scope, shuffle, p, images);
    }
    moco_tensor *all; /* as in the reference: every rank gets all images */
    MOCO_TRY(moco_comm_all_gather(&all, scope, shuffle->comm, images));
    const size_t first = (size_t)moco_comm_rank(shuffle->comm) * shuffle->own;
    return select_rows(out, scope, shuffle, all, p->order + first, shuffle->own);
}

moco_status moco__shuffle_undo(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_tensor *keys)
{
    if (shuffle->kind == MOCO_SHUFFLE_OFF) {
        *out = keys;
        return MOCO_OK;
    }
    return select_rows(out, scope, shuffle, keys, shuffle->permuted[shuffle->used - 1].inverse, shuffle->count);
}

moco_status moco__shuffle_ungroup(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_tensor *keys)
{
    if (shuffle->groups == 1) {
        *out = keys;
        return MOCO_OK;
    }
    return select_rows(out, scope, shuffle, keys, shuffle->samples, shuffle->count);
}

void moco__shuffle_free(moco__shuffle *shuffle)
{
    free(shuffle->samples);
    *shuffle = (moco__shuffle){ 0 };
}
