/*
 * Runs a training step: Algorithm 1 of arXiv 1911.05722, in the reference's order. The momentum update is at the start
 * of the step instead of its end, which gives the same keys. Keys come before queries, which need a gradient.
 *
 * Shapes: N pairs of views on each of W ranks, of which n are computed at a time (accumulate); C = dim, K = queue size.
 * inputs.c takes the views, encode.c computes keys (shuffled) and queries, infonce.c logits and loss.
 */
#include "method/encode_internal.h"
#include "method/inputs_internal.h"
#include "method/mechanism_internal.h"

#include "moco/loss.h"
#include "moco/momentum.h"
#include "moco/ops.h"

typedef moco__contrast contrast;
typedef moco__step step;

/* Runs a call, counts its time as that of a phase, and returns if it fails. */
#define PHASE(phase, call) MOCO__PHASE(model, phase, call)

/* Adds the losses of both directions, and divides by the number of parts, whose gradients then add up to that of the
 * mean over the batch. */
static moco_status contrast_with_queue(step *s, moco_model *model, int64_t part)
{
    for (contrast *c = s->pairs; c < s->end; ++c) {
        moco_tensor *k, *negatives, *loss;
        const int64_t n = moco_tensor_size(c->q, 0);
        /* The keys of all ranks are gathered: those of this rank's part begin here. */
        const int64_t first = (moco_comm_rank(model->comm) * model->accumulate + part) * n;
        MOCO_TRY(moco_tensor_narrow(&k, model->part, c->keys, 0, first, n));
        MOCO_TRY(moco_queue_negatives(&negatives, model->part, model->queue));
        MOCO_TRY(moco_infonce_logits(&c->logits, model->part, c->q, k, negatives, model->temperature));
        MOCO_TRY(moco_infonce_loss(&loss, model->part, c->logits));
        if (c > s->pairs) {
            MOCO_TRY(moco_tensor_add(&loss, model->part, s->loss, loss));
        }
        s->loss = loss;
    }
    return model->accumulate == 1 ? MOCO_OK
                                  : moco_tensor_divide(&s->loss, model->part, s->loss, (double)model->accumulate);
}

/* Enqueues the keys of all ranks in the order of the samples. Of a symmetric loss the keys of view 1 come first. */
static moco_status enqueue(const step *s, moco_model *model)
{
    for (const contrast *c = s->end; c-- > s->pairs;) {
        moco_tensor *keys;
        MOCO_TRY(moco__shuffle_ungroup(&keys, model->inputs, &model->shuffle, c->keys));
        MOCO_TRY(moco_queue_enqueue(model->queue, keys));
    }
    return MOCO_OK;
}

/* Computes gradients and metrics. A CUDA graph may replay it, so it waits for no device, and uses no number that
 * changes from step to step. */
static moco_status learn(void *payload)
{
    moco_model *model = payload;
    step *s = &model->step;
    MOCO_TRY(moco__encode_keys(s, model)); /* k = f_k(x_k), shuffled and put back, without a gradient */
    for (int64_t part = 0; part < model->accumulate; ++part) {
        moco_scope_clear(model->part);
        PHASE(QUERY, moco__encode_queries(s, model, part)); /* q = f_q(x_q) */
        PHASE(LOSS, contrast_with_queue(s, model, part)); /* logits = [q.k, q.queue] / T; cross entropy with class 0 */
        PHASE(BACKWARD, moco_ddp_backward(model->ddp, s->loss, part == model->accumulate - 1));
        PHASE(METRICS, moco__means_add(&model->means, model->part, s->loss, s->pairs->logits, NULL, model->accumulate));
    }
    return MOCO_OK;
}

static moco_status run(moco_model *model, const moco__given *given)
{
    PHASE(INPUT, moco__take_inputs(model, given));
    PHASE(MOMENTUM, moco_momentum_update(model->encoder_k, model->encoder_q, given->m)); /* f_k = m f_k + (1 - m) f_q */
    MOCO_TRY(moco__run_recorded(model, learn));
    PHASE(OPTIMIZER, moco_sgd_step(model->sgd, given->lr)); /* f_q */
    PHASE(ENQUEUE, enqueue(&model->step, model));           /* the newest keys in, the oldest out */
    return MOCO_OK;
}

static moco_status create(moco_model *model, const moco_model_options *o)
{
    moco_queue_options queue = MOCO_QUEUE_OPTIONS_INIT;
    queue.size = o->queue_size;
    queue.dim = o->encoder->dim;
    queue.seed = o->seed + 1; /* the seed itself draws the weights; the queue begins random */
    queue.device = model->device;
    queue.filled_only = o->queue_filled_only;
    MOCO_TRY(moco_encoder_clone_frozen(&model->encoder_k, model->encoder_q));
    return moco_queue_create(&model->queue, &queue);
}

const moco__mechanism moco__mechanism_moco = { .create = create, .step = run };
