/*
 * Shuffled BN (paper, section 3.3): each rank encodes keys of other samples than its queries', then all keys are put
 * back in order.
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

moco_status moco__shuffle_resize(moco__shuffle *shuffle, const moco_comm *comm, size_t part, size_t groups)
{
    const size_t world = (size_t)moco_comm_world(comm);
    const size_t count = part * world;
    if (count > shuffle->capacity) {
        int64_t *memory = moco__calloc(3 * count + 2 * part + 2 * world, sizeof *memory);
        if (memory == NULL) {
            return MOCO_ENOMEM;
        }
        free(shuffle->order);
        shuffle->order = memory;
        shuffle->capacity = count;
    }
    shuffle->count = count;
    shuffle->part = part;
    shuffle->inverse = shuffle->order + count;
    shuffle->pick = shuffle->inverse + count;
    shuffle->place = shuffle->pick + part;
    shuffle->send = shuffle->place + part;
    shuffle->receive = shuffle->send + world;
    shuffle->samples = shuffle->receive + world;
    for (size_t n = 0; n < count; ++n) {
        shuffle->samples[n] = (int64_t)moco__grouped_row(n, count, groups);
    }
    return MOCO_OK;
}

static moco_status invert(moco__shuffle *shuffle)
{
    const int64_t count = (int64_t)shuffle->count;
    for (int64_t i = 0; i < count; ++i) {
        shuffle->inverse[i] = -1;
    }
    for (int64_t i = 0; i < count; ++i) {
        const int64_t row = shuffle->order[i];
        if (row < 0 || row >= count || shuffle->inverse[row] >= 0) {
            return moco_error_set(MOCO_EINVALID, "shuffle: row %lld is out of 0..%lld or drawn twice: no permutation",
                                  (long long)row, (long long)(count - 1));
        }
        shuffle->inverse[row] = i;
    }
    return MOCO_OK;
}

/* Which rows go where: every rank knows the whole order, so nothing is asked. */
static void plan_exchange(moco__shuffle *shuffle, size_t rank, size_t world)
{
    const size_t part = shuffle->part;
    size_t picked = 0;
    memset(shuffle->send, 0, 2 * world * sizeof *shuffle->send);
    for (size_t p = 0; p < shuffle->count; ++p) {
        const size_t row = (size_t)shuffle->order[p];
        if (row / part == rank) {
            shuffle->pick[picked++] = (int64_t)(row - rank * part);
            shuffle->send[p / part] += 1;
        }
    }
    const int64_t *own = shuffle->order + rank * part;
    for (size_t i = 0; i < part; ++i) {
        shuffle->place[i] = shuffle->receive[(size_t)own[i] / part]++; /* within what its sender sends */
    }
    for (size_t i = 0; i < part; ++i) {
        for (size_t sender = 0; sender < (size_t)own[i] / part; ++sender) {
            shuffle->place[i] += shuffle->receive[sender];
        }
    }
}

moco_status moco__shuffle_plan(moco__shuffle *shuffle, const moco_comm *comm)
{
    MOCO_TRY(invert(shuffle));
    plan_exchange(shuffle, (size_t)moco_comm_rank(comm), (size_t)moco_comm_world(comm));
    return MOCO_OK;
}

/* Rows of a tensor by their numbers, which lie on the host. */
static moco_status select_rows(moco_tensor **out, moco_scope *scope, const moco_tensor *tensor, const int64_t *rows,
                               size_t count)
{
    moco_tensor *index;
    const int64_t n = (int64_t)count;
    MOCO_TRY(moco_tensor_from_host(&index, scope, MOCO_INT64, moco_tensor_device(tensor), &n, 1, rows));
    return moco_tensor_index_select(out, scope, tensor, index);
}

/* Each rank gets the rows that it needs, and no more. */
static moco_status exchange(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_comm *comm,
                            const moco_tensor *images)
{
    moco_tensor *picked, *received;
    MOCO_TRY(select_rows(&picked, scope, images, shuffle->pick, shuffle->part));
    MOCO_TRY(moco_comm_all_to_all(&received, scope, comm, picked, shuffle->send, shuffle->receive));
    return select_rows(out, scope, received, shuffle->place, shuffle->part);
}

moco_status moco__shuffle_images(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_comm *comm,
                                 moco_shuffle_kind kind, const moco_tensor *images)
{
    const bool alone = moco_comm_world(comm) == 1;
    if (kind == MOCO_SHUFFLE_ALL_TO_ALL && !alone) {
        return exchange(out, scope, shuffle, comm, images);
    }
    moco_tensor *all; /* as the reference: every rank gets all images */
    MOCO_TRY(moco_comm_all_gather(&all, scope, comm, images));
    const size_t first = (size_t)moco_comm_rank(comm) * shuffle->part;
    return select_rows(out, scope, all, shuffle->order + first, shuffle->part);
}

moco_status moco__unshuffle_keys(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle, moco_comm *comm,
                                 const moco_tensor *keys)
{
    moco_tensor *all; /* in shuffled order */
    MOCO_TRY(moco_comm_all_gather(&all, scope, comm, keys));
    return select_rows(out, scope, all, shuffle->inverse, shuffle->count);
}

moco_status moco__ungroup_keys(moco_tensor **out, moco_scope *scope, const moco__shuffle *shuffle,
                               const moco_tensor *keys)
{
    return select_rows(out, scope, keys, shuffle->samples, shuffle->count);
}

void moco__shuffle_free(moco__shuffle *shuffle)
{
    free(shuffle->order);
    *shuffle = (moco__shuffle){ 0 };
}
