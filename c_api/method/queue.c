/* Keeps the queue: a ring of K normalised keys that takes any number of new ones (paper, section 3.2). */
#include "moco/queue.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "base/tensor_internal.h"

#include "moco/ops.h"

struct moco_queue {
    moco_tensor *keys; /* K x dim */
    moco_scope *scope; /* owns views while keys are enqueued */
    int64_t size;
    int64_t pointer;
    int64_t filled;
    bool filled_only;
};

static moco_status check_options(const moco_queue_options *options)
{
    if (options->size < 1) {
        return moco_error_set(MOCO_EINVALID, "queue: size %lld must be at least 1", (long long)options->size);
    }
    if (options->dim < 1) {
        return moco_error_set(MOCO_EINVALID, "queue: dim %lld must be at least 1", (long long)options->dim);
    }
    return MOCO_OK;
}

/* Draws the keys as the reference does: standard normal values, each key divided by its norm. */
static moco_status draw_keys(moco_queue *queue, const moco_queue_options *options)
{
    const int64_t sizes[2] = { options->size, options->dim };
    moco_tensor *random;
    MOCO_TRY(moco_tensor_randn(&random, queue->scope, options->device, sizes, 2, options->seed));
    MOCO_TRY(moco__tensor_normalize(&queue->keys, NULL, random));
    moco_scope_clear(queue->scope);
    return MOCO_OK;
}

MOCO__DEFINE_INIT(moco_queue_options, MOCO_QUEUE_OPTIONS_INIT)

moco_status moco_queue_create(moco_queue **out, const moco_queue_options *options)
{
    moco_queue_options o;
    MOCO_CHECK_ARG(out);
    MOCO__READ_OPTIONS(&o, options, MOCO_QUEUE_OPTIONS_INIT);
    MOCO_TRY(check_options(&o));
    moco_queue *queue = moco__handle_alloc(sizeof *queue);
    if (queue == NULL) {
        return MOCO_ENOMEM;
    }
    queue->size = o.size;
    queue->filled_only = o.filled_only;
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&queue->scope));
    MOCO_TRY_GOTO(draw_keys(queue, &o));
    *out = queue;
    return MOCO_OK;
done:
    moco_queue_free(queue);
    return status;
}

void moco_queue_free(moco_queue *queue)
{
    if (queue != NULL) {
        moco_tensor_free(queue->keys);
        moco_scope_free(queue->scope);
        moco__handle_free(queue);
    }
}

/* Copies `count` rows of the keys, from row `from`, to the rows of the ring from its pointer; they must not wrap. */
static moco_status put(moco_queue *queue, const moco_tensor *keys, int64_t from, int64_t count)
{
    moco_tensor *place, *part;
    MOCO_TRY(moco_tensor_narrow(&place, queue->scope, queue->keys, 0, queue->pointer, count));
    MOCO_TRY(moco_tensor_narrow(&part, queue->scope, keys, 0, from, count));
    MOCO_TRY(moco_tensor_copy(place, part));
    queue->pointer = (queue->pointer + count) % queue->size;
    return MOCO_OK;
}

moco_status moco_queue_enqueue(moco_queue *queue, const moco_tensor *keys)
{
    MOCO_CHECK_ARG(queue);
    MOCO_CHECK_ARG(keys);
    if (moco_tensor_ndim(keys) != 2 || moco_tensor_size(keys, 1) != moco_tensor_size(queue->keys, 1)) {
        return moco_error_set(MOCO_EINVALID, "queue: keys must be N x %lld",
                              (long long)moco_tensor_size(queue->keys, 1));
    }
    const int64_t n = moco_tensor_size(keys, 0);
    /* If there are more keys than places, skip the older: they would be overwritten at once. */
    int64_t from = n > queue->size ? n - queue->size : 0;
    queue->pointer = (queue->pointer + from) % queue->size;
    while (from < n) {
        const int64_t room = queue->size - queue->pointer;
        const int64_t count = n - from < room ? n - from : room;
        MOCO_TRY(put(queue, keys, from, count));
        from += count;
    }
    moco_scope_clear(queue->scope);
    queue->filled = queue->filled + n < queue->size ? queue->filled + n : queue->size;
    return MOCO_OK;
}

moco_status moco_queue_negatives(moco_tensor **out, moco_scope *scope, const moco_queue *queue)
{
    MOCO_CHECK_ARG(queue);
    return moco_tensor_narrow(out, scope, queue->keys, 0, 0, queue->filled_only ? queue->filled : queue->size);
}

moco_tensor *moco_queue_keys(const moco_queue *queue)
{
    return queue != NULL ? queue->keys : NULL;
}

int64_t moco_queue_size(const moco_queue *queue)
{
    return queue != NULL ? queue->size : 0;
}

int64_t moco_queue_pointer(const moco_queue *queue)
{
    return queue != NULL ? queue->pointer : 0;
}

int64_t moco_queue_filled(const moco_queue *queue)
{
    return queue != NULL ? queue->filled : 0;
}

moco_status moco_queue_restore(moco_queue *queue, int64_t pointer, int64_t filled)
{
    MOCO_CHECK_ARG(queue);
    if (pointer < 0 || pointer >= queue->size || filled < 0 || filled > queue->size) {
        return moco_error_set(MOCO_EINVALID, "queue: pointer %lld or fill %lld does not fit a queue of %lld keys",
                              (long long)pointer, (long long)filled, (long long)queue->size);
    }
    queue->pointer = pointer;
    queue->filled = filled;
    return MOCO_OK;
}
