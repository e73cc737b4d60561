/* The model: its parts, its options, and the means of its metrics. */
#include "model.h"

#include "handle.h"

#include <math.h>
#include <stdlib.h>

static moco_status create_parts(moco_model *model, const moco_model_options *o)
{
    MOCO_TRY(moco_scope_create(&model->scope));
    MOCO_TRY(moco_encoder_create(&model->encoder_q, &o->encoder));
    MOCO_TRY(moco_encoder_clone_frozen(&model->encoder_k, model->encoder_q));
    MOCO_TRY(moco_sgd_create(&model->sgd, moco_encoder_parameters(model->encoder_q), &o->sgd));
    moco_queue_options queue = MOCO_QUEUE_OPTIONS_INIT;
    queue.size = o->queue_size;
    queue.dim = o->encoder.dim;
    queue.seed = o->seed + 1; /* the weights are drawn from the seed itself */
    queue.device = o->encoder.device;
    queue.filled_only = o->queue_filled_only;
    MOCO_TRY(moco_queue_create(&model->queue, &queue));
    MOCO_TRY(moco_tensor_zeros(&model->sum_loss, NULL, MOCO_FLOAT32, model->device, NULL, 0));
    MOCO_TRY(moco_tensor_zeros(&model->sum_acc1, NULL, MOCO_FLOAT32, model->device, NULL, 0));
    return moco_tensor_zeros(&model->sum_acc5, NULL, MOCO_FLOAT32, model->device, NULL, 0);
}

moco_status moco_model_create(moco_model **out, const moco_model_options *options)
{
    const moco_model_options defaults = MOCO_MODEL_OPTIONS_INIT;
    const moco_model_options *o = options != NULL ? options : &defaults;
    MOCO_CHECK_ARG(out);
    if (!(o->temperature > 0)) {
        return moco_error_set(MOCO_EINVALID, "model: temperature %g must be above 0", o->temperature);
    }
    moco_model *model = moco__handle_alloc(sizeof *model);
    if (model == NULL) {
        return MOCO_ENOMEM;
    }
    model->temperature = o->temperature;
    model->symmetric = o->symmetric;
    model->shuffle = o->shuffle;
    model->seed = o->seed;
    model->permutation = o->permutation;
    model->payload = o->payload;
    model->device = o->encoder.device;
    const moco_status status = create_parts(model, o);
    if (status != MOCO_OK) {
        moco_model_free(model);
        return status;
    }
    *out = model;
    return MOCO_OK;
}

void moco_model_free(moco_model *model)
{
    if (model == NULL) {
        return;
    }
    moco_scope_free(model->scope);
    moco_tensor_free(model->sum_loss);
    moco_tensor_free(model->sum_acc1);
    moco_tensor_free(model->sum_acc5);
    moco_sgd_free(model->sgd);
    moco_queue_free(model->queue);
    moco_encoder_free(model->encoder_k);
    moco_encoder_free(model->encoder_q);
    free(model->order);
    moco__handle_free(model);
}

/* The mean over the steps of a sum on the device, which starts anew. */
static moco_status take_mean(double *out, moco_tensor *sum, int64_t steps)
{
    MOCO_TRY(moco_tensor_item(out, sum));
    *out = steps > 0 ? *out / (double)steps : NAN;
    return moco_tensor_zero(sum);
}

moco_status moco_model_read_means(moco_model_means *out, moco_model *model)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(model);
    moco_model_means means = { .steps = model->summed_steps };
    MOCO_TRY(take_mean(&means.loss, model->sum_loss, means.steps));
    MOCO_TRY(take_mean(&means.acc1, model->sum_acc1, means.steps));
    MOCO_TRY(take_mean(&means.acc5, model->sum_acc5, means.steps));
    means.acc1 *= 100;
    means.acc5 *= 100;
    model->summed_steps = 0;
    *out = means;
    return MOCO_OK;
}

moco_encoder *moco_model_query_encoder(const moco_model *model)
{
    return model->encoder_q;
}

moco_encoder *moco_model_key_encoder(const moco_model *model)
{
    return model->encoder_k;
}

moco_queue *moco_model_queue(const moco_model *model)
{
    return model->queue;
}

moco_sgd *moco_model_sgd(const moco_model *model)
{
    return model->sgd;
}

uint64_t moco_model_shuffles(const moco_model *model)
{
    return model->shuffles;
}

void moco_model_set_shuffles(moco_model *model, uint64_t shuffles)
{
    model->shuffles = shuffles;
}
