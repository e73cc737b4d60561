/*
 * Runs a step of figure 2 (a) of arXiv 1911.05722: queries and keys both learn by back-propagation, so the dictionary
 * is the batch. Shapes: N pairs of views on each of W ranks; C = dim.
 */
#include "base/handle_internal.h"
#include "method/encode_internal.h"
#include "method/in_batch_internal.h"
#include "method/inputs_internal.h"
#include "method/mechanism_internal.h"

typedef moco__step step;

#define PHASE(phase, call) MOCO__PHASE(model, phase, call)

static moco_encoder *key_encoder(const moco_model *model)
{
    return model->encoder_k != NULL ? model->encoder_k : model->encoder_q;
}

/* Gives each rank the gradient of the mean of all ranks' losses: that of its keys comes from all of them. */
static moco_status backward(const step *s, moco_model *model)
{
    MOCO_TRY(moco_ddp_backward(model->ddp, s->loss, true));
    return model->encoder_k != NULL ? moco_ddp_average(model->comm, moco_encoder_parameters(model->encoder_k))
                                    : MOCO_OK;
}

static moco_status run(moco_model *model, const moco__given *given)
{
    step *s = &model->step;
    PHASE(INPUT, moco__take_inputs(model, given));
    MOCO_TRY(moco__encode_keys_grad(s, model, key_encoder(model))); /* k = f_k(x_k), W N x C */
    PHASE(QUERY, moco__encode_queries(s, model, 0));                /* q = f_q(x_q), N x C */
    PHASE(LOSS, moco__contrast_in_batch(s, model, 0, 1));           /* logits = q.k / T; cross entropy of the own key */
    PHASE(BACKWARD, backward(s, model));                            /* through q and k */
    PHASE(METRICS, moco__means_add(&model->means, model->part, s->loss, s->pairs->logits, s->pairs->labels, 1));
    PHASE(OPTIMIZER, moco_sgd_step(model->sgd, given->lr)); /* f_q and f_k */
    return MOCO_OK;
}

/* Makes a second encoder, which begins as a copy and is trained too. */
static moco_status create_key_encoder(moco_model *model, const moco_model_options *o)
{
    MOCO_TRY(moco_encoder_clone_frozen(&model->encoder_k, model->encoder_q));
    const moco_tensor_list *parameters = moco_encoder_parameters(model->encoder_k);
    for (size_t i = 0; i < moco_tensor_list_count(parameters); ++i) {
        MOCO_TRY(moco_tensor_require_gradient(moco_tensor_list_get(parameters, i)));
    }
    return moco_sgd_add_group(model->sgd, parameters, o->sgd);
}

static moco_status create(moco_model *model, const moco_model_options *o)
{
    if (o->accumulate != 1) {
        return moco_error_set(MOCO_EINVALID,
                              "model: end-to-end needs the whole batch at once, since gradients flow through all keys; "
                              "use accumulate 1, not %lld, with a smaller batch or several ranks",
                              (long long)o->accumulate);
    }
    return o->separate_encoders ? create_key_encoder(model, o) : MOCO_OK;
}

const moco__mechanism moco__mechanism_end_to_end = { .create = create, .step = run };
