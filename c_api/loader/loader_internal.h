/*
 * Inside of the loader: a ring of batch slots that worker threads fill.
 *
 * Batches are numbered from 0 as the sampler gives them out; batch b lives in slot b mod slot_count. A slot goes round:
 *
 *     released <= b          the consumer is done with the batch that lived there before
 *     a worker draws b       indices are known, b < drawn
 *     workers take chunks    next grows to count; b < taking once all is taken
 *     chunks come back       done grows to count: the batch is ready
 *     the consumer gets b    b < delivered; it is borrowed until released passes b, at the next call
 *
 * All counters belong to the mutex; images and pixels of a chunk belong to the worker that took it.
 */
#ifndef MOCO_LOADER_LOADER_INTERNAL_H
#define MOCO_LOADER_LOADER_INTERNAL_H

#include "loader/stages_internal.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    MOCO__LOADER_CHUNK = 8,     /* samples that a worker takes at once, so that several share a batch */
    MOCO__LOADER_MESSAGE = 1024 /* bytes of an error's text */
};

/* One batch in the making. */
typedef struct moco__slot {
    moco_tensor *tensors[2]; /* of views 0 and 1; the second NULL with single_view */
    void *values[2];
    size_t *indices;
    size_t count;
    size_t next; /* first sample that no worker has taken */
    size_t done; /* samples that workers have brought back */
    uint64_t epoch;
    size_t batch;
    moco_status status;    /* of the first sample that failed, or of the sampler */
    size_t failed;         /* where in the batch that sample stands */
    char *message;         /* MOCO__LOADER_MESSAGE bytes */
    moco_tensor *views[2]; /* first `count` images of the tensors, where the batch is smaller; else NULL */
} moco__slot;

/* One thread and the images that it reuses. */
typedef struct moco__worker {
    struct moco_loader *loader;
    pthread_t thread;
    moco_image *source;
    moco_image *view;
    moco_image *scratch;
    moco__stages watch; /* of the chunk in hand */
} moco__worker;

struct moco_loader {
    const moco_dataset *dataset;
    moco_sampler *sampler;
    moco_augment_policy policies[2];
    size_t view_count; /* 1 or 2 */
    moco_loader_options options;
    size_t image_bytes; /* of a view in a batch */

    moco__worker *workers;
    size_t worker_count;
    size_t started; /* threads that run */

    pthread_mutex_t mutex;
    pthread_cond_t work;  /* there may be something to take, or it is time to stop */
    pthread_cond_t ready; /* a batch is whole */
    atomic_bool stop;

    moco__slot *slots;
    size_t slot_count;
    uint64_t drawn, taking, delivered, released;

    uint8_t *broken; /* a bit a sample, set once it was reported; NULL without skip_broken */
    atomic_size_t skipped;
    atomic_uint_fast64_t wait_nanoseconds;
    atomic_uint_fast64_t stage_nanoseconds[MOCO_STAGE_COUNT];
};

/* A piece of a batch. */
typedef struct moco__chunk {
    moco__slot *slot;
    size_t from, to;
} moco__chunk;

/* Reads, augments and stores the samples of a chunk; keeps the first error in the slot. */
void moco__loader_work(moco__worker *worker, const moco__chunk *chunk);

#endif
