/*
 * Runs a step of figure 2 (b) of arXiv 1911.05722: queries are compared with features of a memory bank, which holds one
 * of every image. Shapes: N images on each of W ranks, of which n are computed at a time (accumulate); C = dim, K =
 * size of the dictionary.
 */
#include "base/handle_internal.h"
#include "method/encode_internal.h"
#include "method/mechanism_internal.h"

#include "moco/loss.h"
#include "moco/ops.h"

typedef struct bank_step {
    moco__bank_batch batch;
    moco__contrast *c;
    moco_tensor *negatives; /* K x C; NULL: they are drawn for each query */
    moco_tensor *features;  /* N x C, the queries, for the bank */
} bank_step;

#define PHASE(phase, call) MOCO__PHASE(model, phase, call)

static moco_status take_view(bank_step *s, moco_model *model, const moco__given *given)
{
    moco__contrast *c = model->step.pairs;
    const size_t own = (size_t)moco_tensor_size(given->im_q, 0);
    *s = (bank_step){ .c = c,
                      .batch = { .own = own,
                                 .first = own * (size_t)moco_comm_rank(model->comm),
                                 .count = own * (size_t)moco_comm_world(model->comm),
                                 .groups = model->shuffle.groups,
                                 .number = model->shuffle.drawn,
                                 .samples = given->samples } };
    model->step = (moco__step){ .end = c + 1 };
    MOCO_TRY(moco_tensor_to(&c->im_q, model->inputs, given->im_q, model->device));
    return moco_sgd_zero_grad(model->sgd);
}

static moco_status look_up(bank_step *s, moco_model *model)
{
    const int64_t sizes[2] = { (int64_t)s->batch.own, moco_encoder_dim(model->encoder_q) };
    MOCO_TRY(moco_tensor_empty(&s->features, model->scope, MOCO_FLOAT32, model->device, sizes, 2));
    MOCO_TRY(moco__bank_positives(&s->c->keys, model->scope, &model->bank, &s->batch));
    if (!model->bank.per_query) {
        MOCO_TRY(moco__bank_dictionary(&s->negatives, model->scope, &model->bank, &s->batch));
    }
    model->shuffle.drawn += 1;
    return MOCO_OK;
}

/* Computes the logits of n queries from row `from`, each with a separate dictionary. */
static moco_status contrast_each(moco_tensor **out, bank_step *s, moco_model *model, const moco_tensor *k, int64_t from)
{
    moco_scope *scope = model->part;
    const int64_t n = moco_tensor_size(s->c->q, 0);
    const int64_t sizes[2] = { n, model->bank.size };
    moco_tensor *negatives, *column, *l_pos, *l_neg, *logits;
    MOCO_TRY(moco__bank_dictionaries(&negatives, scope, &model->bank, &s->batch, (size_t)from, (size_t)n));
    MOCO_TRY(moco_tensor_row_dot(&l_pos, scope, s->c->q, k));      /* n x 1 */
    MOCO_TRY(moco_tensor_unsqueeze(&column, scope, s->c->q, 2));   /* n x C x 1 */
    MOCO_TRY(moco_tensor_bmm(&l_neg, scope, negatives, column));   /* n x K x 1 */
    MOCO_TRY(moco_tensor_reshape(&l_neg, scope, l_neg, sizes, 2)); /* n x K */
    const moco_tensor *const ways[] = { l_pos, l_neg };
    MOCO_TRY(moco_tensor_cat(&logits, scope, ways, 2, 1)); /* n x (1 + K) */
    return moco_tensor_divide(out, scope, logits, model->temperature);
}

static moco_status contrast_with_bank(bank_step *s, moco_model *model, int64_t part)
{
    moco__contrast *c = s->c;
    moco_tensor *k, *loss, *rows;
    const int64_t n = moco_tensor_size(c->q, 0);
    MOCO_TRY(moco_tensor_narrow(&k, model->part, c->keys, 0, part * n, n));
    MOCO_TRY(model->bank.per_query
                 ? contrast_each(&c->logits, s, model, k, part * n)
                 : moco_infonce_logits(&c->logits, model->part, c->q, k, s->negatives, model->temperature));
    MOCO_TRY(moco_infonce_loss(&loss, model->part, c->logits));
    MOCO_TRY(moco_tensor_narrow(&rows, model->part, s->features, 0, part * n, n));
    MOCO_TRY(moco_tensor_copy(rows, c->q));
    return moco_tensor_divide(&model->step.loss, model->part, loss, (double)model->accumulate);
}

static moco_status run(moco_model *model, const moco__given *given)
{
    bank_step s;
    PHASE(INPUT, take_view(&s, model, given));
    PHASE(KEY, look_up(&s, model)); /* k: the images' features as they were last seen; negatives: others' */
    for (int64_t part = 0; part < model->accumulate; ++part) {
        moco_scope_clear(model->part);
        PHASE(QUERY, moco__encode_queries(&model->step, model, part)); /* q = f(x) */
        PHASE(LOSS, contrast_with_bank(&s, model, part)); /* logits = [q.k, q.negatives] / T; cross entropy of way 0 */
        PHASE(BACKWARD, moco_ddp_backward(model->ddp, model->step.loss, part == model->accumulate - 1));
        PHASE(METRICS,
              moco__means_add(&model->means, model->part, model->step.loss, s.c->logits, NULL, model->accumulate));
    }
    PHASE(OPTIMIZER, moco_sgd_step(model->sgd, given->lr)); /* f */
    PHASE(ENQUEUE, moco__bank_update(&model->bank, model->comm, model->inputs, &s.batch, s.features));
    return MOCO_OK;
}

static moco_status create(moco_model *model, const moco_model_options *o)
{
    if (o->symmetric) {
        return moco_error_set(MOCO_EINVALID, "model: a memory bank takes one view of each image; use symmetric false");
    }
    if (o->bank_images < 1 || o->queue_size < 1) {
        return moco_error_set(MOCO_EINVALID,
                              "model: a memory bank needs the number of images (bank_images, %lld) and of negatives "
                              "(queue_size, %lld), each at least 1",
                              (long long)o->bank_images, (long long)o->queue_size);
    }
    if (!(o->bank_momentum >= 0 && o->bank_momentum < 1)) {
        return moco_error_set(MOCO_EINVALID, "model: bank_momentum %g must be at least 0 and below 1",
                              o->bank_momentum);
    }
    model->bank.size = o->queue_size;
    model->bank.momentum = o->bank_momentum;
    model->bank.per_query = o->bank_per_query;
    model->bank.seed = o->seed;
    return moco__bank_create(&model->bank, o->bank_images, o->encoder->dim, model->device);
}

const moco__mechanism moco__mechanism_memory_bank = { .create = create, .step = run, .by_sample = true };
