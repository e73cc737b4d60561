/* Makes loaders: starts and stops the workers, and returns their batches. */
#include "base/handle_internal.h"
#include "base/idle_internal.h"
#include "base/machine_internal.h"
#include "base/options_read_internal.h"
#include "base/thread_internal.h"
#include "loader/augment_policy_internal.h"
#include "loader/loader_worker_internal.h"
#include "loader/sampler_internal.h"

#include "moco/ops.h"

#include <stdlib.h>
#include <string.h>

enum { WORKERS_MAX = 1024, PREFETCH_MAX = 1024 };

struct moco_loader {
    moco__job job;
    moco__worker *workers;
    size_t worker_count;
    size_t started;               /* threads that run */
    moco__idle *idle;             /* of the GPU that the batches are for; NULL for a CPU */
    atomic_uint_fast64_t idle_ns; /* that the GPU was idle while it waited for a batch */
};

/* ---- Threads ---- */

static moco_status start_workers(moco_loader *loader)
{
    int error = 0;
    while (error == 0 && loader->started < loader->worker_count) {
        moco__worker *worker = &loader->workers[loader->started];
        error = moco__thread_start(&worker->thread, "moco-loader", moco__worker_run, worker);
        loader->started += error == 0;
    }
    if (error != 0) {
        return moco_error_set(MOCO_EUNAVAILABLE,
                              "loader: cannot start worker %zu of %zu: %s; " MOCO__THREAD_ADVICE
                              ", or use fewer workers",
                              loader->started + 1, loader->worker_count, strerror(error));
    }
    return MOCO_OK;
}

static void stop_workers(moco_loader *loader)
{
    moco__ring_stop(&loader->job.ring);
    for (size_t i = 0; i < loader->started; ++i) {
        (void)pthread_join(loader->workers[i].thread, NULL);
    }
    loader->started = 0;
}

/* ---- Making and freeing ---- */

static moco_status check_options(const moco_loader_options *o)
{
    if (o->workers < 0 || o->workers > WORKERS_MAX) {
        return moco_error_set(MOCO_EINVALID, "loader: workers %d must be 0 (one per core) to %d", o->workers,
                              WORKERS_MAX);
    }
    if (o->prefetch < 1 || o->prefetch > PREFETCH_MAX) {
        return moco_error_set(MOCO_EINVALID, "loader: prefetch %d must be 1 to %d batches", o->prefetch, PREFETCH_MAX);
    }
    if (!(o->timeout_s >= 0 && o->timeout_s <= 1e9)) {
        return moco_error_set(MOCO_EINVALID, "loader: timeout_s %g must be 0 (no bound) to 1e9 seconds", o->timeout_s);
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
    if (query->size != key->size) {
        return moco_error_set(MOCO_EINVALID, "loader: the views differ in size, %d and %d pixels; make them equal",
                              query->size, key->size);
    }
    if (query->channels != key->channels) {
        return moco_error_set(MOCO_EINVALID, "loader: the views differ in channels, %d and %d; make them equal",
                              query->channels, key->channels);
    }
    if (moco__sampler_count(sampler) > moco_dataset_count(dataset)) {
        return moco_error_set(MOCO_EINVALID, "loader: the sampler is for %zu images, the dataset has %zu",
                              moco__sampler_count(sampler), moco_dataset_count(dataset));
    }
    return MOCO_OK;
}

static moco_status make_workers(moco_loader *loader)
{
    const int32_t wanted = loader->job.options.workers;
    const size_t count = (size_t)(wanted > 0 ? wanted : moco__cores());
    loader->workers = moco__calloc(count, sizeof *loader->workers);
    if (loader->workers == NULL) {
        return MOCO_ENOMEM;
    }
    loader->worker_count = count;
    for (size_t i = 0; i < count; ++i) {
        MOCO_TRY(moco__worker_make(&loader->workers[i], &loader->job));
    }
    return MOCO_OK;
}

static moco_status make_parts(moco_loader *loader, moco_sampler *sampler)
{
    moco__job *job = &loader->job;
    MOCO_TRY(moco__ring_make(&job->ring, sampler, &job->options, &job->policies[0]));
    if (job->options.device.type == MOCO_CUDA) {
        MOCO_TRY(moco__idle_create(&loader->idle, job->options.device));
    }
    MOCO_TRY(make_workers(loader));
    return start_workers(loader);
}

MOCO__DEFINE_INIT(moco_loader_options, MOCO_LOADER_OPTIONS_INIT)

moco_status moco_loader_create(moco_loader **out, const moco_dataset *dataset, moco_sampler *sampler,
                               const moco_augment_policy *query_policy, const moco_augment_policy *key_policy,
                               const moco_loader_options *options)
{
    moco_loader_options o;
    moco_augment_policy query;
    moco_augment_policy key;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(sampler);
    MOCO_CHECK_ARG(query_policy);
    MOCO__READ_OPTIONS(&o, options, MOCO_LOADER_OPTIONS_INIT);
    MOCO_TRY(check_options(&o));
    MOCO_TRY(moco__augment_policy_read(&query, query_policy));
    MOCO_TRY(moco__augment_policy_read(&key, key_policy != NULL ? key_policy : query_policy));
    MOCO_TRY(check_inputs(dataset, sampler, &query, &key));
    moco_loader *loader = moco__handle_alloc(sizeof *loader);
    if (loader == NULL) {
        return MOCO_ENOMEM;
    }
    moco__job *job = &loader->job;
    job->dataset = dataset;
    job->options = o;
    job->policies[0] = query;
    job->policies[1] = key;
    job->view_count = o.single_view ? 1 : 2;
    job->image_bytes = (size_t)query.channels * (size_t)query.size * (size_t)query.size * moco_dtype_size(o.dtype);
    const moco_status status = make_parts(loader, sampler);
    if (status != MOCO_OK) {
        moco_loader_free(loader);
        return status;
    }
    *out = loader;
    return MOCO_OK;
}

void moco_loader_free(moco_loader *loader)
{
    if (loader == NULL) {
        return;
    }
    stop_workers(loader);
    for (size_t i = 0; i < loader->worker_count; ++i) {
        moco__worker_free(&loader->workers[i]);
    }
    free(loader->workers);
    moco__ring_free(&loader->job.ring);
    moco__idle_free(loader->idle);
    moco__handle_free(loader);
}

/* ---- The consumer ---- */

/* Waits for the next slot. On a GPU its own idle time is counted, since the host runs ahead of it. */
static moco_status next_slot(moco__slot **out, moco_loader *loader)
{
    double seconds = 0;
    if (loader->idle == NULL) {
        return moco__ring_next(out, &loader->job.ring);
    }
    MOCO_TRY(moco__idle_begin(loader->idle));
    MOCO_TRY(moco__ring_next(out, &loader->job.ring));
    MOCO_TRY(moco__idle_end(&seconds, loader->idle));
    atomic_fetch_add(&loader->idle_ns, (uint64_t)(seconds * 1e9));
    return MOCO_OK;
}

moco_status moco_loader_next(moco_loader *loader, moco_batch *out)
{
    MOCO_CHECK_ARG(loader);
    MOCO_CHECK_ARG(out);
    moco__slot *slot = NULL;
    MOCO_TRY(next_slot(&slot, loader));
    if (slot->status != MOCO_OK) {
        return moco_error_set(slot->status, "%s", slot->message);
    }
    const moco_tensor *views[2] = { slot->tensors[0], slot->tensors[1] };
    for (size_t v = 0; v < loader->job.view_count; ++v) {
        if ((int64_t)slot->count < moco_tensor_size(slot->tensors[v], 0)) {
            MOCO_TRY(moco_tensor_narrow(&slot->views[v], NULL, slot->tensors[v], 0, 0, (int64_t)slot->count));
            views[v] = slot->views[v];
        }
    }
    *out = (moco_batch){ views[0], views[1], slot->indices, slot->count, slot->epoch, slot->batch };
    return MOCO_OK;
}

void moco_loader_cancel(moco_loader *loader)
{
    if (loader != NULL) {
        moco__ring_cancel(&loader->job.ring);
    }
}

int32_t moco_loader_image_size(const moco_loader *loader)
{
    return loader != NULL ? loader->job.policies[0].size : 0;
}

int32_t moco_loader_channels(const moco_loader *loader)
{
    return loader != NULL ? loader->job.policies[0].channels : 0;
}

double moco_loader_seconds(const moco_loader *loader, moco_stage stage)
{
    if (loader != NULL && stage == MOCO_STAGE_WAIT) {
        const uint64_t host_ns = atomic_load(&loader->job.ring.wait_ns);
        return (double)(loader->idle != NULL ? atomic_load(&loader->idle_ns) : host_ns) * 1e-9;
    }
    const bool is_known = loader != NULL && (unsigned)stage < MOCO_STAGE_COUNT;
    return is_known ? (double)atomic_load(&loader->job.sums.nanoseconds[stage]) * 1e-9 : 0;
}
