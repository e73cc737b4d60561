/**
 * @file queue.h
 * The queue of keys: the dictionary of negatives (arXiv 1911.05722, section 3.2).
 *
 * @since 0.1 for all of this file.
 */
#ifndef MOCO_QUEUE_H
#define MOCO_QUEUE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** A ring buffer of K L2-normalised keys: K x dim, float32. */
typedef struct moco_queue moco_queue;

/** Options of moco_queue_create(). */
typedef struct moco_queue_options {
    size_t struct_size; /**< set by the macro or function below */
    int64_t size;       /**< number of keys, K; 65536 */
    int64_t dim;        /**< size of a key; 128 */
    uint64_t seed;      /**< of the random initial keys */
    moco_device device; /**< zeroed: the CPU */
    bool filled_only; /**< only keys that were enqueued are negatives; false: also the random ones, as the reference */
} moco_queue_options;

/** The defaults of ::moco_queue_options. */
#define MOCO_QUEUE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_queue_options), 65536, 128, 0, { MOCO_CPU, 0 }, false                                              \
    }

/**
 * Fills in what ::MOCO_QUEUE_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_queue_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_queue_options_init(moco_queue_options *options, size_t struct_size);

/**
 * Makes a queue of random normalised keys.
 * @param[out] out a new handle, for moco_queue_free()
 * @param options NULL for the defaults
 * @return ::MOCO_EINVALID if a size is below 1; ::MOCO_EUNAVAILABLE if there is no such device
 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_create(moco_queue **out, const moco_queue_options *options);

/** Frees a queue. NULL is allowed. */
MOCO_API void moco_queue_free(moco_queue *queue);

/**
 * Replaces the oldest N keys by new ones (N x dim), and wraps around at the end of the ring. N may be any number; of
 * more than K keys the last K stay. Call it after the backward pass of a loss over the negatives, which needs the old
 * keys.
 * @return ::MOCO_EINVALID if the keys do not have the queue's dim
 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_enqueue(moco_queue *queue, const moco_tensor *keys);

/** Gives the negatives as a view: K x dim, or with filled_only the part that was filled. */
MOCO_API MOCO_MUST_USE moco_status moco_queue_negatives(moco_tensor **out, moco_scope *scope, const moco_queue *queue);

/** Returns all keys, K x dim. Borrowed, lives as long as the queue. */
MOCO_API moco_tensor *moco_queue_keys(const moco_queue *queue);

/** Returns the number of keys, K. */
MOCO_API int64_t moco_queue_size(const moco_queue *queue);
/** Returns where the next key goes, 0..K-1. */
MOCO_API int64_t moco_queue_pointer(const moco_queue *queue);
/** Returns how many keys were enqueued, at most K. */
MOCO_API int64_t moco_queue_filled(const moco_queue *queue);

/**
 * Restores a saved queue. The keys themselves are copied over moco_queue_keys().
 * @param queue the queue
 * @param pointer where the next key goes
 * @param filled how many keys are real
 * @return ::MOCO_EINVALID unless @p pointer is in 0..K-1 and @p filled in 0..K
 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_restore(moco_queue *queue, int64_t pointer, int64_t filled);

MOCO_END_DECLS

#endif
