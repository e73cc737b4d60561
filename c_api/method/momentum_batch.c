/*
 * Runs a step without a queue: keys are those of a momentum encoder for the batch, and queries pass a predictor (MoCo
 * v3, arXiv 2104.02057, Algorithm 1). Shapes: N pairs of views on each of W ranks, of which n are computed at a time
 * (accumulate); C = dim.
 */
#include "base/handle_internal.h"
#include "method/encode_internal.h"
#include "method/in_batch_internal.h"
#include "method/inputs_internal.h"
#include "method/mechanism_internal.h"

#include "moco/momentum.h"

typedef moco__step step;

#define PHASE(phase, call) MOCO__PHASE(model, phase, call)

static moco_status backward(const step *s, moco_model *model, bool is_last)
{
    MOCO_TRY(moco_ddp_backward(model->ddp, s->loss, is_last));
    return is_last && model->predictor.parameters != NULL ? moco_ddp_average(model->comm, model->predictor.parameters)
                                                          : MOCO_OK;
}

static moco_status learn(step *s, moco_model *model)
{
    const double factor = 2 * model->temperature; /* as MoCo v3: gradients then depend less on T */
    MOCO_TRY(moco__encode_keys(s, model));        /* k = f_k(x_k) */
    for (int64_t part = 0; part < model->accumulate; ++part) {
        moco_scope_clear(model->part);
        PHASE(QUERY, moco__encode_queries(s, model, part));           /* q = predictor(f_q(x_q)) */
        PHASE(LOSS, moco__contrast_in_batch(s, model, part, factor)); /* 2 T x cross entropy of q.k / T */
        PHASE(BACKWARD, backward(s, model, part == model->accumulate - 1));
        PHASE(METRICS, moco__means_add(&model->means, model->part, s->loss, s->pairs->logits, s->pairs->labels,
                                       model->accumulate));
    }
    return MOCO_OK;
}

static moco_status run(moco_model *model, const moco__given *given)
{
    PHASE(INPUT, moco__take_inputs(model, given));
    PHASE(MOMENTUM, moco_momentum_update(model->encoder_k, model->encoder_q, given->m)); /* f_k = m f_k + (1 - m) f_q */
    MOCO_TRY(learn(&model->step, model));
    PHASE(OPTIMIZER, moco_sgd_step(model->sgd, given->lr)); /* f_q and predictor */
    return MOCO_OK;
}

static moco_status create(moco_model *model, const moco_model_options *o)
{
    if (o->predictor < 0) {
        return moco_error_set(MOCO_EINVALID, "model: predictor %lld must be at least 0", (long long)o->predictor);
    }
    MOCO_TRY(moco_encoder_clone_frozen(&model->encoder_k, model->encoder_q));
    if (o->predictor == 0) {
        return MOCO_OK;
    }
    model->predictor.groups = model->bn_splits;
    model->predictor.sync = o->sync_bn ? o->comm : NULL;
    MOCO_TRY(moco__predictor_create(&model->predictor, o->encoder->dim, o->predictor, o->seed, model->device));
    return moco_sgd_add_group(model->sgd, model->predictor.parameters, o->sgd);
}

const moco__mechanism moco__mechanism_momentum_batch = { .create = create, .step = run };
