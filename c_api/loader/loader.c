/* The loader: worker threads fill a bounded ring of batches ahead of the consumer; loader_internal.h tells how. */
#include "loader/loader_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "base/machine_internal.h"
#include "loader/sampler_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 1024, PREFETCH_MAX = 1024 };

/* ---- Workers ---- */

/* Takes the sampler's next batch into its slot. A sampler that fails makes an empty batch with its error. */
static void draw_batch(moco_loader *loader)
{
    moco__slot *slot = &loader->slots[loader->drawn % loader->slot_count];
    slot->next = 0;
    slot->done = 0;
    slot->count = 0;
    slot->status = moco_sampler_next(loader->sampler, slot->indices, &slot->count, &slot->epoch, &slot->batch);
    if (slot->status != MOCO_OK) {
        (void)snprintf(slot->message, MOCO__LOADER_MESSAGE, "%s", moco_error_message());
        slot->count = 0;
        ++loader->taking;
        (void)pthread_cond_signal(&loader->ready);
    }
    ++loader->drawn;
}

/* Takes a piece of the foremost batch that has one left; false: nothing to do now. With the mutex held. */
static bool take_chunk(moco_loader *loader, moco__chunk *out)
{
    while (loader->taking == loader->drawn) {
        if (loader->drawn - loader->released >= loader->slot_count) {
            return false;
        }
        draw_batch(loader);
    }
    moco__slot *slot = &loader->slots[loader->taking % loader->slot_count];
    const size_t left = slot->count - slot->next;
    const size_t taken = left < MOCO__LOADER_CHUNK ? left : MOCO__LOADER_CHUNK;
    *out = (moco__chunk){ slot, slot->next, slot->next + taken };
    slot->next += taken;
    if (slot->next == slot->count) {
        ++loader->taking;
    }
    return true;
}

static void *run_worker(void *argument)
{
    moco__worker *worker = argument;
    moco_loader *loader = worker->loader;
    moco__chunk chunk;
    (void)pthread_mutex_lock(&loader->mutex);
    while (!atomic_load(&loader->stop)) {
        if (!take_chunk(loader, &chunk)) {
            (void)pthread_cond_wait(&loader->work, &loader->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&loader->mutex);
        moco__loader_work(worker, &chunk);
        (void)pthread_mutex_lock(&loader->mutex);
        chunk.slot->done += chunk.to - chunk.from;
        if (chunk.slot->done == chunk.slot->count) {
            (void)pthread_cond_signal(&loader->ready);
        }
    }
    (void)pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

/* Starts the threads with signals blocked: those are for the application's threads. Faults stay deliverable. */
static moco_status start_workers(moco_loader *loader)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
    sigset_t blocked;
    sigset_t before;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
        (void)sigdelset(&blocked, faults[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int error = 0;
    while (error == 0 && loader->started < loader->worker_count) {
        moco__worker *worker = &loader->workers[loader->started];
        error = pthread_create(&worker->thread, NULL, run_worker, worker);
        if (error == 0) {
            (void)pthread_setname_np(worker->thread, "moco-loader");
            ++loader->started;
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE, "loader: cannot start worker %zu of %zu: %s; use fewer workers",
                              loader->started + 1, loader->worker_count, strerror(error));
    }
    return MOCO_OK;
}

static void stop_workers(moco_loader *loader)
{
    (void)pthread_mutex_lock(&loader->mutex);
    atomic_store(&loader->stop, true);
    (void)pthread_cond_broadcast(&loader->work);
    (void)pthread_mutex_unlock(&loader->mutex);
    for (size_t i = 0; i < loader->started; ++i) {
        (void)pthread_join(loader->workers[i].thread, NULL);
    }
    loader->started = 0;
}

/* ---- Making and freeing ---- */

static moco_status check_options(const moco_loader_options *o)
{
    if (o->workers < 0 || o->workers > WORKERS_MAX) {
        return moco_error_set(MOCO_EINVALID, "loader: workers %d must be 0 (one a core) to %d", o->workers,
                              WORKERS_MAX);
    }
    if (o->prefetch < 1 || o->prefetch > PREFETCH_MAX) {
        return moco_error_set(MOCO_EINVALID, "loader: prefetch %d must be 1 to %d batches", o->prefetch, PREFETCH_MAX);
    }
    if (o->layout != MOCO_NCHW && o->layout != MOCO_NHWC) {
        return moco_error_set(MOCO_EINVALID, "loader: layout %d is neither NCHW nor NHWC", (int)o->layout);
    }
    if (o->dtype != MOCO_FLOAT32 && o->dtype != MOCO_BFLOAT16) {
        return moco_error_set(MOCO_EINVALID, "loader: batches are MOCO_FLOAT32 or MOCO_BFLOAT16, not type %d",
                              (int)o->dtype);
    }
    return MOCO_OK;
}

static moco_status check_inputs(const moco_dataset *dataset, const moco_sampler *sampler,
                                const moco_augment_policy *query, const moco_augment_policy *key)
{
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(sampler);
    MOCO_CHECK_ARG(query);
    MOCO_TRY(moco_augment_check(query));
    MOCO_TRY(moco_augment_check(key));
    if (query->size != key->size) {
        return moco_error_set(MOCO_EINVALID, "loader: the views differ in size, %d and %d pixels; make them one",
                              query->size, key->size);
    }
    if (moco__sampler_count(sampler) > moco_dataset_count(dataset)) {
        return moco_error_set(MOCO_EINVALID, "loader: the sampler is for %zu images, the dataset has %zu",
                              moco__sampler_count(sampler), moco_dataset_count(dataset));
    }
    return MOCO_OK;
}

static moco_status make_slots(moco_loader *loader)
{
    const size_t batch = moco__sampler_batch_max(loader->sampler);
    const int32_t size = loader->policies[0].size;
    const size_t slot_count = (size_t)loader->options.prefetch + 1; /* one is the consumer's */
    loader->slots = moco__calloc(slot_count, sizeof *loader->slots);
    if (loader->slots == NULL) {
        return MOCO_ENOMEM;
    }
    loader->slot_count = slot_count;
    for (size_t i = 0; i < slot_count; ++i) {
        moco__slot *slot = &loader->slots[i];
        slot->indices = moco__calloc(batch, sizeof *slot->indices);
        slot->message = moco__calloc(MOCO__LOADER_MESSAGE, 1);
        if (slot->indices == NULL || slot->message == NULL) {
            return MOCO_ENOMEM;
        }
        for (size_t v = 0; v < loader->view_count; ++v) {
            MOCO_TRY(moco_image_batch_create(&slot->tensors[v], &slot->values[v], NULL, loader->options.dtype,
                                             (int64_t)batch, size, size, loader->options.layout,
                                             loader->options.device));
        }
    }
    return MOCO_OK;
}

static moco_status make_workers(moco_loader *loader)
{
    const size_t count = loader->options.workers > 0 ? (size_t)loader->options.workers : (size_t)moco__cores();
    loader->workers = moco__calloc(count, sizeof *loader->workers);
    if (loader->workers == NULL) {
        return MOCO_ENOMEM;
    }
    loader->worker_count = count;
    for (size_t i = 0; i < count; ++i) {
        moco__worker *worker = &loader->workers[i];
        worker->loader = loader;
        MOCO_TRY(moco_image_create(&worker->source));
        moco_image_set_lazy(worker->source, true);
        MOCO_TRY(moco_image_create(&worker->view));
        MOCO_TRY(moco_image_create(&worker->scratch));
        moco_image_set_fast(worker->source, loader->options.fast);
        moco_image_set_fast(worker->view, loader->options.fast);
        moco_image_set_fast(worker->scratch, loader->options.fast);
    }
    return MOCO_OK;
}

static moco_status make_parts(moco_loader *loader)
{
    if (loader->options.skip_broken) {
        loader->broken = moco__calloc(moco_dataset_count(loader->dataset) / 8 + 1, 1);
        if (loader->broken == NULL) {
            return MOCO_ENOMEM;
        }
    }
    MOCO_TRY(make_slots(loader));
    MOCO_TRY(make_workers(loader));
    return start_workers(loader);
}

moco_status moco_loader_create(moco_loader **out, const moco_dataset *dataset, moco_sampler *sampler,
                               const moco_augment_policy *query_policy, const moco_augment_policy *key_policy,
                               const moco_loader_options *options)
{
    const moco_loader_options defaults = MOCO_LOADER_OPTIONS_INIT;
    const moco_loader_options *o = options != NULL ? options : &defaults;
    const moco_augment_policy *key = key_policy != NULL ? key_policy : query_policy;
    MOCO_CHECK_ARG(out);
    MOCO_TRY(check_options(o));
    MOCO_TRY(check_inputs(dataset, sampler, query_policy, key));
    moco_loader *loader = moco__handle_alloc(sizeof *loader);
    if (loader == NULL) {
        return MOCO_ENOMEM;
    }
    loader->dataset = dataset;
    loader->sampler = sampler;
    loader->options = *o;
    loader->policies[0] = *query_policy;
    loader->policies[1] = *key;
    loader->view_count = o->single_view ? 1 : 2;
    loader->image_bytes = 3 * (size_t)query_policy->size * (size_t)query_policy->size * moco_dtype_size(o->dtype);
    (void)pthread_mutex_init(&loader->mutex, NULL);
    (void)pthread_cond_init(&loader->work, NULL);
    (void)pthread_cond_init(&loader->ready, NULL);
    const moco_status status = make_parts(loader);
    if (status != MOCO_OK) {
        moco_loader_free(loader);
        return status;
    }
    *out = loader;
    return MOCO_OK;
}

static void free_views(moco__slot *slot)
{
    for (size_t v = 0; v < 2; ++v) {
        moco_tensor_free(slot->views[v]);
        slot->views[v] = NULL;
    }
}

void moco_loader_free(moco_loader *loader)
{
    if (loader == NULL) {
        return;
    }
    stop_workers(loader);
    for (size_t i = 0; i < loader->worker_count; ++i) {
        moco_image_free(loader->workers[i].source);
        moco_image_free(loader->workers[i].view);
        moco_image_free(loader->workers[i].scratch);
    }
    for (size_t i = 0; i < loader->slot_count; ++i) {
        moco__slot *slot = &loader->slots[i];
        free_views(slot);
        moco_tensor_free(slot->tensors[0]);
        moco_tensor_free(slot->tensors[1]);
        free(slot->indices);
        free(slot->message);
    }
    free(loader->workers);
    free(loader->slots);
    free(loader->broken);
    (void)pthread_cond_destroy(&loader->ready);
    (void)pthread_cond_destroy(&loader->work);
    (void)pthread_mutex_destroy(&loader->mutex);
    moco__handle_free(loader);
}

/* ---- The consumer ---- */

static bool is_ready(const moco_loader *loader, const moco__slot *slot)
{
    return loader->delivered < loader->drawn && slot->done == slot->count;
}

/* Gives the borrowed batch's slot back to the workers and waits until the next batch is whole. */
static moco__slot *wait_for_batch(moco_loader *loader)
{
    moco__slot *slot = &loader->slots[loader->delivered % loader->slot_count];
    (void)pthread_mutex_lock(&loader->mutex);
    if (loader->released < loader->delivered) {
        loader->released = loader->delivered;
        (void)pthread_cond_broadcast(&loader->work);
    }
    if (!is_ready(loader, slot)) {
        const uint64_t start = moco__now_ns();
        while (!is_ready(loader, slot)) {
            (void)pthread_cond_wait(&loader->ready, &loader->mutex);
        }
        atomic_fetch_add(&loader->wait_nanoseconds, moco__now_ns() - start);
    }
    ++loader->delivered;
    (void)pthread_mutex_unlock(&loader->mutex);
    return slot;
}

moco_status moco_loader_next(moco_loader *loader, moco_batch *out)
{
    MOCO_CHECK_ARG(loader);
    MOCO_CHECK_ARG(out);
    if (loader->delivered > 0) {
        free_views(&loader->slots[(loader->delivered - 1) % loader->slot_count]);
    }
    moco__slot *slot = wait_for_batch(loader);
    if (slot->status != MOCO_OK) {
        return moco_error_set(slot->status, "%s", slot->message);
    }
    const moco_tensor *views[2] = { slot->tensors[0], slot->tensors[1] };
    for (size_t v = 0; v < loader->view_count; ++v) {
        if ((int64_t)slot->count < moco_tensor_size(slot->tensors[v], 0)) {
            MOCO_TRY(moco_tensor_narrow(&slot->views[v], NULL, slot->tensors[v], 0, 0, (int64_t)slot->count));
            views[v] = slot->views[v];
        }
    }
    *out = (moco_batch){ views[0], views[1], slot->indices, slot->count, slot->epoch, slot->batch };
    return MOCO_OK;
}

int32_t moco_loader_image_size(const moco_loader *loader)
{
    return loader->policies[0].size;
}

double moco_loader_wait_seconds(const moco_loader *loader)
{
    return (double)atomic_load(&loader->wait_nanoseconds) * 1e-9;
}

size_t moco_loader_skipped(const moco_loader *loader)
{
    return atomic_load(&loader->skipped);
}

double moco_loader_stage_seconds(const moco_loader *loader, moco_stage stage)
{
    return (unsigned)stage < MOCO_STAGE_COUNT ? (double)atomic_load(&loader->stage_nanoseconds[stage]) * 1e-9 : 0.0;
}
