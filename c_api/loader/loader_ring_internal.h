/*
 * A ring of batches that worker threads fill ahead of the consumer.
 *
 * Batches are numbered from 0 in the sampler's order; batch b is in slot b mod slot_count. The life of a batch:
 *
 *     released <= b          the consumer is done with the batch that was in the slot before
 *     a worker draws b       its indices are known, b < drawn
 *     workers take chunks    next grows to count; b < taking once all chunks are taken
 *     chunks come back       done grows to count: the batch is ready
 *     the consumer gets b    b < delivered; the batch is borrowed until released passes b, at the next call
 *
 * The mutex guards all counters. The pixels of a chunk belong to the worker that took it.
 */
#ifndef MOCO_LOADER_LOADER_RING_INTERNAL_H
#define MOCO_LOADER_LOADER_RING_INTERNAL_H

#include "moco/loader.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    MOCO__CHUNK_MAX = 8,            /* samples that a worker takes at once, few enough for several workers per batch */
    MOCO__LOADER_MESSAGE_MAX = 2048 /* bytes of an error message */
};

/* A batch that is being filled. */
typedef struct moco__slot {
    moco_tensor *tensors[2]; /* of views 0 and 1; the second is NULL with single_view */
    void *values[2];
    size_t *indices;
    size_t *draws; /* the number that names each sample in its random draws */
    size_t count;
    size_t next; /* the first sample that no worker has taken */
    size_t done; /* samples that workers have brought back */
    uint64_t epoch;
    size_t batch;
    moco_status status;    /* of the first sample that failed, or of the sampler */
    size_t failed;         /* place of that sample in the batch */
    char *message;         /* MOCO__LOADER_MESSAGE_MAX bytes */
    moco_tensor *views[2]; /* the first `count` images of the tensors if the batch is smaller; else NULL */
} moco__slot;

/* A piece of a batch. */
typedef struct moco__chunk {
    moco__slot *slot;
    size_t from, to;
} moco__chunk;

typedef struct moco__ring {
    moco_sampler *sampler; /* NULL: another loader has it */
    moco__slot *slots;
    size_t slot_count;
    pthread_mutex_t mutex;
    pthread_cond_t work;  /* a chunk may be there, or the ring was stopped */
    pthread_cond_t ready; /* a batch is complete */
    atomic_bool stopped;
    uint64_t last;       /* batches to draw in all; 0: without end */
    uint64_t timeout_ns; /* that the consumer waits at most; 0: no bound */
    uint64_t drawn, taking, delivered, released;
    atomic_uint_fast64_t wait_ns; /* nanoseconds that the consumer has waited */
} moco__ring;

/* Fills in a zeroed ring. After a failure, too, moco__ring_free() must be called. */
moco_status moco__ring_make(moco__ring *ring, moco_sampler *sampler, const moco_loader_options *options,
                            const moco_augment_policy *policy);
/* Frees all, after the workers have ended. */
void moco__ring_free(moco__ring *ring);

/* Waits for a chunk of the foremost batch that has one left; false once the ring was stopped. */
bool moco__ring_take(moco__ring *ring, moco__chunk *out);
/* Brings a chunk back, filled. */
void moco__ring_bring(moco__ring *ring, const moco__chunk *chunk);
/* Records that a sample failed. The batch keeps the error of its first sample, whichever worker met it first. */
void moco__ring_fail(moco__ring *ring, moco__slot *slot, size_t place, moco_status status, const char *message);
/* Makes all workers end soon. */
void moco__ring_stop(moco__ring *ring);

/* Ends all waiting soon, without a lock, so that a signal handler may call it. */
void moco__ring_cancel(moco__ring *ring);

/* Gives the borrowed batch back to the workers, and waits for the next. Fails once the ring was stopped, and if no
 * batch is ready in time. */
moco_status moco__ring_next(moco__slot **out, moco__ring *ring);

#endif
