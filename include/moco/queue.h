/**
 * @file queue.h
 * The queue of keys: the dictionary of negatives (arXiv 1911.05722, section 3.2).
 */
#ifndef MOCO_QUEUE_H
#define MOCO_QUEUE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** A ring of K L2-normalised keys, K x dim, float32. @since 0.1 */
typedef struct moco_queue moco_queue;

/** Options of moco_queue_create(). @since 0.1 */
typedef struct moco_queue_options {
    size_t struct_size;
    int64_t size;       /**< K; 65536 */
    int64_t dim;        /**< 128 */
    uint64_t seed;      /**< of the random initial keys */
    moco_device device; /**< zeroed: the CPU */
    bool filled_only; /**< only keys that were enqueued count as negatives; false: random keys too, as the reference */
} moco_queue_options;

#define MOCO_QUEUE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        sizeof(moco_queue_options), 65536, 128, 0, { MOCO_CPU, 0 }, false                                              \
    }

/** Makes a queue of random normalised keys. @param options NULL for the defaults @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_create(moco_queue **out, const moco_queue_options *options);

/** Frees a queue; NULL is allowed. @since 0.1 */
MOCO_API void moco_queue_free(moco_queue *queue);

/**
 * Puts N keys (N x dim) in the place of the oldest, around the ring's end where need be; any N. Of more than K keys
 * the last K stay.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_enqueue(moco_queue *queue, const moco_tensor *keys);

/** The negatives as a view: K x dim, or the filled part with filled_only. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_negatives(moco_tensor **out, moco_scope *scope, const moco_queue *queue);

/** All K x dim keys; borrowed, lives as long as the queue. @since 0.1 */
MOCO_API moco_tensor *moco_queue_keys(const moco_queue *queue);

/** K. @since 0.1 */
MOCO_API int64_t moco_queue_size(const moco_queue *queue);
/** Where the next key goes, 0..K-1. @since 0.1 */
MOCO_API int64_t moco_queue_pointer(const moco_queue *queue);
/** How many keys were enqueued, at most K. @since 0.1 */
MOCO_API int64_t moco_queue_filled(const moco_queue *queue);

/** Restores pointer and fill of a saved queue. @return ::MOCO_EINVALID out of 0..K-1 or 0..K @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_queue_restore(moco_queue *queue, int64_t pointer, int64_t filled);

MOCO_END_DECLS

#endif
