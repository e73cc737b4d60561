/*
 * One training step: Algorithm 1 of arXiv 1911.05722.
 * N pairs of views, C = dim, K = size of the queue. All temporaries live in the model's scope until the next step.
 */
#include "handle.h"
#include "model.h"

#include "moco/loss.h"
#include "moco/momentum.h"
#include "moco/shuffle.h"

#include <stdlib.h>

/* One direction of the contrast: queries of one view against keys of the other. */
typedef struct contrast {
    const moco_tensor *im_q, *im_k;     /* N x 3 x H x W */
    moco_tensor *q, *k, *logits, *loss; /* N x C, N x C, N x (1 + K), scalar */
} contrast;

static moco_status encode_queries(contrast *c, moco_model *model)
{
    MOCO_TRY(moco_encoder_forward(&c->q, model->scope, model->encoder_q, c->im_q));
    return moco_tensor_normalize(&c->q, model->scope, c->q);
}

/* The next permutation of N samples and its inverse, as indices on the model's device. */
static moco_status draw_shuffle(moco_tensor **order, moco_tensor **inverse, moco_model *model, int64_t n)
{
    const size_t count = (size_t)n;
    if (count > model->order_capacity) {
        int64_t *grown = realloc(model->order, 2 * count * sizeof *grown);
        if (grown == NULL) {
            return moco_error_set(MOCO_ENOMEM, "out of memory for a permutation of %lld samples", (long long)n);
        }
        model->order = grown;
        model->order_capacity = count;
    }
    if (model->permutation != NULL) {
        model->permutation(model->order, count, model->shuffles, model->payload);
    } else {
        moco_shuffle_permutation(model->order, count, model->seed, model->shuffles);
    }
    model->shuffles += 1;
    moco_shuffle_inverse(model->order + count, model->order, count);
    MOCO_TRY(moco_tensor_from_host(order, model->scope, MOCO_INT64, model->device, &n, 1, model->order));
    return moco_tensor_from_host(inverse, model->scope, MOCO_INT64, model->device, &n, 1, model->order + count);
}

/* Keys in shuffled order, so that a key's batch statistics come from other samples than its query's. */
static moco_status encode_keys(contrast *c, moco_model *model)
{
    moco_scope *scope = model->scope;
    if (!model->shuffle) {
        MOCO_TRY(moco_encoder_forward(&c->k, scope, model->encoder_k, c->im_k));
        return moco_tensor_normalize(&c->k, scope, c->k);
    }
    moco_tensor *order, *inverse, *shuffled, *k;
    MOCO_TRY(draw_shuffle(&order, &inverse, model, moco_tensor_size(c->im_k, 0)));
    MOCO_TRY(moco_tensor_index_select(&shuffled, scope, c->im_k, order));
    MOCO_TRY(moco_encoder_forward(&k, scope, model->encoder_k, shuffled));
    MOCO_TRY(moco_tensor_normalize(&k, scope, k));
    return moco_tensor_index_select(&c->k, scope, k, inverse);
}

static moco_status compare(contrast *c, moco_model *model)
{
    moco_tensor *negatives; /* K x C, from before this step's keys */
    MOCO_TRY(moco_queue_negatives(&negatives, model->scope, model->queue));
    MOCO_TRY(moco_infonce_logits(&c->logits, model->scope, c->q, c->k, negatives, model->temperature));
    return moco_infonce_loss(&c->loss, model->scope, c->logits);
}

/* Adds to the means on the device; nothing waits for it. */
static moco_status count_metrics(const contrast *c, const moco_tensor *loss, moco_model *model)
{
    moco_tensor *rank, *acc1, *acc5;
    MOCO_TRY(moco_tensor_row_rank(&rank, model->scope, c->logits, 0)); /* ways before the positive */
    MOCO_TRY(moco_tensor_share_below(&acc1, model->scope, rank, 1));
    MOCO_TRY(moco_tensor_share_below(&acc5, model->scope, rank, 5));
    MOCO_TRY(moco_tensor_accumulate(model->sum_loss, loss));
    MOCO_TRY(moco_tensor_accumulate(model->sum_acc1, acc1));
    MOCO_TRY(moco_tensor_accumulate(model->sum_acc5, acc5));
    model->summed_steps += 1;
    return MOCO_OK;
}

/* The keys of view 1, then of view 2: those of a lone direction, or of the second and the first. */
static moco_status enqueue(const contrast *directions, int count, moco_model *model)
{
    for (int i = count - 1; i >= 0; --i) {
        MOCO_TRY(moco_queue_enqueue(model->queue, directions[i].k));
    }
    return MOCO_OK;
}

static moco_status check_views(const moco_tensor *im_q, const moco_tensor *im_k)
{
    MOCO_CHECK_ARG(im_q);
    MOCO_CHECK_ARG(im_k);
    if (moco_tensor_ndim(im_q) != 4 || moco_tensor_ndim(im_k) != 4 ||
        moco_tensor_size(im_q, 0) != moco_tensor_size(im_k, 0)) {
        return moco_error_set(MOCO_EINVALID, "step: the two views must be N x 3 x H x W of the same N");
    }
    return MOCO_OK;
}

moco_status moco_model_step(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                            double lr, double m)
{
    MOCO_CHECK_ARG(model);
    MOCO_TRY(check_views(im_q, im_k));
    moco_scope *scope = model->scope;
    moco_scope_clear(scope);

    moco_tensor *view1, *view2; /* on the model's device */
    MOCO_TRY(moco_tensor_to(&view1, scope, im_q, model->device));
    MOCO_TRY(moco_tensor_to(&view2, scope, im_k, model->device));
    contrast directions[2] = { { .im_q = view1, .im_k = view2 }, { .im_q = view2, .im_k = view1 } };
    const int count = model->symmetric ? 2 : 1;

    for (int i = 0; i < count; ++i) {
        MOCO_TRY(encode_queries(&directions[i], model));
    }
    MOCO_TRY(moco_momentum_update(model->encoder_k, model->encoder_q, m));
    for (int i = 0; i < count; ++i) {
        MOCO_TRY(encode_keys(&directions[i], model));
    }
    for (int i = 0; i < count; ++i) {
        MOCO_TRY(compare(&directions[i], model));
    }
    moco_tensor *loss = directions[0].loss;
    if (model->symmetric) {
        MOCO_TRY(moco_tensor_add(&loss, scope, loss, directions[1].loss));
    }

    MOCO_TRY(moco_sgd_zero_grad(model->sgd));
    MOCO_TRY(moco_tensor_backward(loss));
    MOCO_TRY(moco_sgd_step(model->sgd, lr));
    MOCO_TRY(enqueue(directions, count, model));

    MOCO_TRY(count_metrics(&directions[0], loss, model));
    MOCO_TRY(moco_device_wait_uploads(model->device));
    if (out != NULL) {
        *out = (moco_step){ .loss = loss, .q = directions[0].q, .k = directions[0].k, .logits = directions[0].logits };
    }
    return MOCO_OK;
}
