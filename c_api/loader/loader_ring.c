/* Hands chunks of batches to workers and complete batches to the consumer. */
#include "loader/loader_ring_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "loader/sampler_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* How long the consumer waits before it looks whether it was cancelled. */
#define POLL_NS UINT64_C(20000000)
#define NS_PER_S UINT64_C(1000000000)

/* ---- Making and freeing ---- */

static moco_status make_slot(moco__slot *slot, size_t batch, const moco_loader_options *o,
                             const moco_augment_policy *policy)
{
    slot->indices = moco__calloc(batch, sizeof *slot->indices);
    slot->draws = moco__calloc(batch, sizeof *slot->draws);
    slot->message = moco__calloc(MOCO__LOADER_MESSAGE_MAX, 1);
    if (slot->indices == NULL || slot->draws == NULL || slot->message == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t v = 0; v < (o->single_view ? 1 : 2); ++v) {
        MOCO_TRY(moco_image_batch_create(&slot->tensors[v], &slot->values[v], NULL, o->dtype, (int64_t)batch,
                                         policy->channels, policy->size, policy->size, o->layout, o->device));
    }
    return MOCO_OK;
}

moco_status moco__ring_make(moco__ring *ring, moco_sampler *sampler, const moco_loader_options *options,
                            const moco_augment_policy *policy)
{
    const size_t batch = moco__sampler_batch_max(sampler);
    const size_t ahead = (size_t)options->prefetch + 1; /* one is the consumer's */
    const size_t slot_count = options->batches > 0 && options->batches < ahead ? options->batches : ahead;
    (void)pthread_mutex_init(&ring->mutex, NULL);
    (void)pthread_cond_init(&ring->work, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&ring->ready, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    MOCO_TRY(moco__sampler_take(sampler));
    ring->sampler = sampler;
    ring->last = options->batches;
    ring->timeout_ns = (uint64_t)(options->timeout_s * 1e9);
    ring->slots = moco__calloc(slot_count, sizeof *ring->slots);
    if (ring->slots == NULL) {
        return MOCO_ENOMEM;
    }
    ring->slot_count = slot_count;
    for (size_t i = 0; i < slot_count; ++i) {
        MOCO_TRY(make_slot(&ring->slots[i], batch, options, policy));
    }
    return MOCO_OK;
}

static void free_views(moco__slot *slot)
{
    for (size_t v = 0; v < 2; ++v) {
        moco_tensor_free(slot->views[v]);
        slot->views[v] = NULL;
    }
}

void moco__ring_free(moco__ring *ring)
{
    for (size_t i = 0; i < ring->slot_count; ++i) {
        moco__slot *slot = &ring->slots[i];
        free_views(slot);
        moco_tensor_free(slot->tensors[0]);
        moco_tensor_free(slot->tensors[1]);
        free(slot->indices);
        free(slot->draws);
        free(slot->message);
    }
    free(ring->slots);
    if (ring->sampler != NULL) {
        moco__sampler_release(ring->sampler);
    }
    (void)pthread_cond_destroy(&ring->ready);
    (void)pthread_cond_destroy(&ring->work);
    (void)pthread_mutex_destroy(&ring->mutex);
}

/* ---- The workers ---- */

/* Draws the sampler's next batch into its slot. If the sampler fails, the batch is empty and has the error. */
static void draw_batch(moco__ring *ring)
{
    moco__slot *slot = &ring->slots[ring->drawn % ring->slot_count];
    slot->next = 0;
    slot->done = 0;
    slot->count = 0;
    slot->status =
        moco__sampler_next(ring->sampler, slot->indices, slot->draws, &slot->count, &slot->epoch, &slot->batch);
    if (slot->status != MOCO_OK) {
        (void)snprintf(slot->message, MOCO__LOADER_MESSAGE_MAX, "%s", moco_error_message());
        slot->count = 0;
        ++ring->taking;
        (void)pthread_cond_signal(&ring->ready);
    }
    ++ring->drawn;
}

/* Returns false if there is nothing to take now. The caller holds the mutex. */
static bool try_take(moco__ring *ring, moco__chunk *out)
{
    while (ring->taking == ring->drawn) {
        if (ring->drawn - ring->released >= ring->slot_count || (ring->last > 0 && ring->drawn == ring->last)) {
            return false;
        }
        draw_batch(ring);
    }
    moco__slot *slot = &ring->slots[ring->taking % ring->slot_count];
    const size_t left = slot->count - slot->next;
    const size_t taken = left < MOCO__CHUNK_MAX ? left : MOCO__CHUNK_MAX;
    *out = (moco__chunk){ slot, slot->next, slot->next + taken };
    slot->next += taken;
    if (slot->next == slot->count) {
        ++ring->taking;
    }
    return true;
}

bool moco__ring_take(moco__ring *ring, moco__chunk *out)
{
    bool taken = false;
    (void)pthread_mutex_lock(&ring->mutex);
    while (!atomic_load(&ring->stopped) && !taken) {
        taken = try_take(ring, out);
        if (!taken) {
            (void)pthread_cond_wait(&ring->work, &ring->mutex);
        }
    }
    (void)pthread_mutex_unlock(&ring->mutex);
    return taken;
}

void moco__ring_bring(moco__ring *ring, const moco__chunk *chunk)
{
    (void)pthread_mutex_lock(&ring->mutex);
    chunk->slot->done += chunk->to - chunk->from;
    if (chunk->slot->done == chunk->slot->count) {
        (void)pthread_cond_signal(&ring->ready);
    }
    (void)pthread_mutex_unlock(&ring->mutex);
}

void moco__ring_fail(moco__ring *ring, moco__slot *slot, size_t place, moco_status status, const char *message)
{
    (void)pthread_mutex_lock(&ring->mutex);
    if (slot->status == MOCO_OK || place < slot->failed) {
        slot->status = status;
        slot->failed = place;
        (void)snprintf(slot->message, MOCO__LOADER_MESSAGE_MAX, "%s", message);
    }
    (void)pthread_mutex_unlock(&ring->mutex);
}

void moco__ring_stop(moco__ring *ring)
{
    (void)pthread_mutex_lock(&ring->mutex);
    atomic_store(&ring->stopped, true);
    (void)pthread_cond_broadcast(&ring->work);
    (void)pthread_mutex_unlock(&ring->mutex);
}

void moco__ring_cancel(moco__ring *ring)
{
    atomic_store(&ring->stopped, true);
}

/* ---- The consumer ---- */

static bool is_ready(const moco__ring *ring, const moco__slot *slot)
{
    return ring->delivered < ring->drawn && slot->done == slot->count;
}

/* Waits on `ready` for at most some nanoseconds. The caller holds the mutex. */
static void wait_some(moco__ring *ring, uint64_t now, uint64_t nanoseconds)
{
    const uint64_t end = now + nanoseconds;
    const struct timespec until = { (time_t)(end / NS_PER_S), (long)(end % NS_PER_S) };
    (void)pthread_cond_timedwait(&ring->ready, &ring->mutex, &until);
}

/* Waits until a batch is ready, the ring was stopped, or the time is over. The caller holds the mutex. */
static void wait_ready(moco__ring *ring, const moco__slot *slot)
{
    const uint64_t start = moco__now_ns();
    const uint64_t bound = ring->timeout_ns;
    uint64_t now = start;
    while (!is_ready(ring, slot) && !atomic_load(&ring->stopped) && (bound == 0 || now - start < bound)) {
        const uint64_t left = bound == 0 ? POLL_NS : bound - (now - start);
        wait_some(ring, now, left < POLL_NS ? left : POLL_NS);
        now = moco__now_ns();
    }
    atomic_fetch_add(&ring->wait_ns, now - start);
}

moco_status moco__ring_next(moco__slot **out, moco__ring *ring)
{
    moco__slot *slot = &ring->slots[ring->delivered % ring->slot_count];
    if (ring->delivered > 0) {
        free_views(&ring->slots[(ring->delivered - 1) % ring->slot_count]);
    }
    (void)pthread_mutex_lock(&ring->mutex);
    if (ring->released < ring->delivered) {
        ring->released = ring->delivered;
        (void)pthread_cond_broadcast(&ring->work);
    }
    const bool ended = ring->last > 0 && ring->delivered == ring->last;
    if (!ended && !is_ready(ring, slot)) {
        wait_ready(ring, slot);
    }
    const bool ready = !ended && is_ready(ring, slot);
    const bool stopped = atomic_load(&ring->stopped);
    ring->delivered += ready && !stopped ? 1 : 0;
    (void)pthread_mutex_unlock(&ring->mutex);
    if (stopped) {
        return moco_error_set(MOCO_ESTOPPED,
                              "loader: cancelled by moco_loader_cancel(); free it, and make another one");
    }
    if (ended) {
        return moco_error_set(MOCO_EINVALID, "loader: all %llu batches of its options were given; make another one",
                              (unsigned long long)ring->last);
    }
    if (!ready) {
        return moco_error_set(MOCO_EUNAVAILABLE, "loader: no batch was ready within %g s; call again to wait longer",
                              (double)ring->timeout_ns * 1e-9);
    }
    *out = slot;
    return MOCO_OK;
}
