/*
 * One training step: Algorithm 1 of arXiv 1911.05722.
 * N pairs of views on this rank, of W N on all; C = dim, K = size of the queue. Temporaries live until the next step.
 */
#include "base/handle_internal.h"
#include "method/phases_internal.h"

#include "moco/loss.h"
#include "moco/momentum.h"

/* One direction of the contrast: queries of one view against keys of the other. */
typedef struct contrast {
    const moco_tensor *im_q, *im_k;     /* N x 3 x H x W */
    moco_tensor *keys;                  /* W N x C: of all ranks, in the order of the queries */
    moco_tensor *q, *k, *logits, *loss; /* of a part of the batch: N x C, N x C, N x (1 + K), scalar */
} contrast;

/* The part-th of equal parts of this rank's rows, which begin at row `first`. */
static moco_status take_part(moco_tensor **out, const moco_model *model, const moco_tensor *rows, int64_t first,
                             int64_t count, int64_t part)
{
    const int64_t size = count / model->accumulate;
    return moco_tensor_narrow(out, model->part, rows, 0, first + part * size, size);
}

static moco_status encode_queries(contrast *c, moco_model *model, int64_t part)
{
    moco_tensor *images;
    MOCO_TRY(take_part(&images, model, c->im_q, 0, moco_tensor_size(c->im_q, 0), part));
    MOCO_TRY(moco_encoder_forward(&c->q, model->part, model->encoder_q, images));
    return moco_tensor_normalize(&c->q, model->part, c->q);
}

/* Groups that the loader lays a batch out in; with an application's own permutation rows are samples. */
static size_t groups_of(const moco_model *model)
{
    return model->permutation != NULL ? 1 : (size_t)moco_comm_world(model->comm) * (size_t)model->accumulate;
}

/* The next permutation of all ranks' rows: every rank draws the same. */
static moco_status draw_shuffle(moco_model *model)
{
    moco__shuffle *shuffle = &model->shuffle;
    if (model->permutation != NULL) {
        model->permutation(shuffle->order, shuffle->count, model->shuffles, model->payload);
    } else {
        MOCO_TRY(moco_shuffle_grouped_permutation(shuffle->order, shuffle->count, groups_of(model), model->seed,
                                                  model->shuffles));
    }
    model->shuffles += 1;
    return moco__shuffle_plan(shuffle, model->comm);
}

/* Normalised keys of this rank's images, part by part as the queries. */
static moco_status encode(moco_tensor **out, moco_model *model, const moco_tensor *images)
{
    enum { MAX_PARTS = 1024 };
    const moco_tensor *parts[MAX_PARTS];
    const size_t count = (size_t)model->accumulate;
    if (count > MAX_PARTS) {
        return moco_error_set(MOCO_EINVALID, "step: a batch in %zu parts; use %d at most", count, MAX_PARTS);
    }
    for (size_t i = 0; i < count; ++i) {
        moco_tensor *some, *k;
        const int64_t size = moco_tensor_size(images, 0) / model->accumulate;
        MOCO_TRY(moco_tensor_narrow(&some, model->scope, images, 0, (int64_t)i * size, size));
        MOCO_TRY(moco_encoder_forward(&k, model->scope, model->encoder_k, some));
        MOCO_TRY(moco_tensor_normalize(&k, model->scope, k));
        parts[i] = k;
    }
    return moco_tensor_cat(out, model->scope, parts, count, 0);
}

/* Keys in shuffled order, so that a key's batch statistics come from other samples than its query's. */
static moco_status encode_keys(contrast *c, moco_model *model)
{
    moco_tensor *images, *k;
    if (model->shuffle_kind == MOCO_SHUFFLE_OFF) {
        MOCO_TRY(encode(&k, model, c->im_k));
        MOCO_TRY(moco__phase_end(model, MOCO_PHASE_KEY));
        return moco_comm_all_gather(&c->keys, model->scope, model->comm, k);
    }
    MOCO_TRY(draw_shuffle(model));
    MOCO_TRY(moco__shuffle_images(&images, model->scope, &model->shuffle, model->comm, model->shuffle_kind, c->im_k));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_SHUFFLE));
    MOCO_TRY(encode(&k, model, images));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_KEY));
    return moco__unshuffle_keys(&c->keys, model->scope, &model->shuffle, model->comm, k);
}

static moco_status compare(contrast *c, moco_model *model, int64_t part)
{
    moco_tensor *negatives; /* K x C, from before this step's keys */
    const int64_t n = moco_tensor_size(c->im_q, 0);
    MOCO_TRY(take_part(&c->k, model, c->keys, moco_comm_rank(model->comm) * n, n, part));
    MOCO_TRY(moco_queue_negatives(&negatives, model->part, model->queue));
    MOCO_TRY(moco_infonce_logits(&c->logits, model->part, c->q, c->k, negatives, model->temperature));
    return moco_infonce_loss(&c->loss, model->part, c->logits);
}

/* The loss of a part of the batch, weighed so that the parts sum up to the mean over all. */
static moco_status part_loss(moco_tensor **out, moco_model *model, contrast *directions, int count)
{
    moco_tensor *loss = directions[0].loss;
    if (count > 1) {
        MOCO_TRY(moco_tensor_add(&loss, model->part, loss, directions[1].loss));
    }
    if (model->accumulate > 1) {
        MOCO_TRY(moco_tensor_divide(&loss, model->part, loss, (double)model->accumulate));
    }
    *out = loss;
    return MOCO_OK;
}

/* Adds to one of the sums on the device; nothing waits for it. */
static moco_status count_mean(moco_model *model, int64_t which, const moco_tensor *value)
{
    moco_tensor *sum;
    MOCO_TRY(moco_tensor_narrow(&sum, model->part, model->sums, 0, which, 1));
    return moco_tensor_accumulate(sum, value);
}

static moco_status count_metrics(const contrast *c, const moco_tensor *loss, moco_model *model)
{
    static const int64_t tops[MOCO__MEANS] = { 0, 1, 5 }; /* of the means after the loss */
    moco_tensor *rank;
    MOCO_TRY(count_mean(model, 0, loss));
    MOCO_TRY(moco_tensor_row_rank(&rank, model->part, c->logits, 0)); /* ways before the positive */
    for (int64_t i = 1; i < MOCO__MEANS; ++i) {
        moco_tensor *share;
        MOCO_TRY(moco_tensor_share_below(&share, model->part, rank, tops[i]));
        if (model->accumulate > 1) {
            MOCO_TRY(moco_tensor_divide(&share, model->part, share, (double)model->accumulate));
        }
        MOCO_TRY(count_mean(model, i, share));
    }
    return MOCO_OK;
}

/* Forward and backward over one part of the batch. The key encoder moves once a step, before it is used. */
static moco_status learn_part(moco_tensor **loss, moco_model *model, contrast *directions, int count, int64_t part,
                              double m)
{
    moco_scope_clear(model->part);
    for (int i = 0; i < count; ++i) {
        MOCO_TRY(encode_queries(&directions[i], model, part));
    }
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_QUERY));
    if (part == 0) {
        MOCO_TRY(moco_momentum_update(model->encoder_k, model->encoder_q, m));
        MOCO_TRY(moco__phase_end(model, MOCO_PHASE_MOMENTUM));
    }
    for (int i = 0; i < count && part == 0; ++i) {
        MOCO_TRY(encode_keys(&directions[i], model));
        MOCO_TRY(moco__phase_end(model, MOCO_PHASE_SHUFFLE));
    }
    for (int i = 0; i < count; ++i) {
        MOCO_TRY(compare(&directions[i], model, part));
    }
    MOCO_TRY(part_loss(loss, model, directions, count));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_LOSS));
    MOCO_TRY(moco_ddp_backward(model->ddp, *loss, part == model->accumulate - 1));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_BACKWARD));
    MOCO_TRY(count_metrics(&directions[0], *loss, model));
    return moco__phase_end(model, MOCO_PHASE_METRICS);
}

/* The keys of view 1, then of view 2: those of a lone direction, or of the second and the first. */
static moco_status enqueue(const contrast *directions, int count, moco_model *model)
{
    for (int i = count - 1; i >= 0; --i) {
        moco_tensor *keys = directions[i].keys;
        if (groups_of(model) > 1) {
            MOCO_TRY(moco__ungroup_keys(&keys, model->scope, &model->shuffle, keys));
        }
        MOCO_TRY(moco_queue_enqueue(model->queue, keys));
    }
    return MOCO_OK;
}

static moco_status check_views(const moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k)
{
    MOCO_CHECK_ARG(im_q);
    MOCO_CHECK_ARG(im_k);
    if (moco_tensor_ndim(im_q) != 4 || moco_tensor_ndim(im_k) != 4 ||
        moco_tensor_size(im_q, 0) != moco_tensor_size(im_k, 0)) {
        return moco_error_set(MOCO_EINVALID, "step: the two views must be N x 3 x H x W of the same N");
    }
    if (moco_tensor_size(im_q, 0) % model->accumulate != 0) {
        return moco_error_set(MOCO_EINVALID, "step: %lld images do not give %lld equal parts (accumulate)",
                              (long long)moco_tensor_size(im_q, 0), (long long)model->accumulate);
    }
    return MOCO_OK;
}

moco_status moco_model_step(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                            double lr, double m)
{
    MOCO_CHECK_ARG(model);
    MOCO_TRY(check_views(model, im_q, im_k));
    MOCO_TRY(moco__phases_start(model));
    moco_scope_clear(model->part);
    moco_scope_clear(model->scope);

    moco_tensor *view1, *view2; /* on the model's device */
    moco_tensor *loss = NULL;
    MOCO_TRY(moco_tensor_to(&view1, model->scope, im_q, model->device));
    MOCO_TRY(moco_tensor_to(&view2, model->scope, im_k, model->device));
    contrast directions[2] = { { .im_q = view1, .im_k = view2 }, { .im_q = view2, .im_k = view1 } };
    const int count = model->symmetric ? 2 : 1;

    MOCO_TRY(moco__shuffle_resize(&model->shuffle, model->comm, (size_t)moco_tensor_size(im_q, 0), groups_of(model)));
    MOCO_TRY(moco_sgd_zero_grad(model->sgd));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_INPUT));
    for (int64_t part = 0; part < model->accumulate; ++part) {
        MOCO_TRY(learn_part(&loss, model, directions, count, part, m));
    }
    MOCO_TRY(moco_sgd_step(model->sgd, lr));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_OPTIMIZER));
    MOCO_TRY(enqueue(directions, count, model));
    MOCO_TRY(moco__phase_end(model, MOCO_PHASE_ENQUEUE));

    model->summed_steps += 1;
    MOCO_TRY(moco_device_wait_uploads(model->device));
    if (out != NULL) {
        *out =
            (moco_step){ .loss = loss, .q = directions[0].q, .k = directions[0].keys, .logits = directions[0].logits };
    }
    return MOCO_OK;
}
