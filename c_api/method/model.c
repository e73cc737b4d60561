/* The model: its parts, its options, and the means of its metrics. */
#include "method/model_internal.h"

#include "base/handle_internal.h"

#include <math.h>

static moco_status create_parts(moco_model *model, const moco_model_options *o)
{
    MOCO_TRY(moco_scope_create(&model->scope));
    MOCO_TRY(moco_scope_create(&model->part));
    MOCO_TRY(moco_encoder_create(&model->encoder_q, &o->encoder));
    if (o->sync_bn) {
        MOCO_TRY(moco_encoder_sync_bn(model->encoder_q, o->comm));
    }
    MOCO_TRY(moco_ddp_create(&model->ddp, o->comm, model->encoder_q, &o->ddp));
    MOCO_TRY(moco_encoder_clone_frozen(&model->encoder_k, model->encoder_q));
    MOCO_TRY(moco_sgd_create(&model->sgd, moco_encoder_parameters(model->encoder_q), &o->sgd));
    moco_queue_options queue = MOCO_QUEUE_OPTIONS_INIT;
    queue.size = o->queue_size;
    queue.dim = o->encoder.dim;
    queue.seed = o->seed + 1; /* the weights are drawn from the seed itself */
    queue.device = o->encoder.device;
    queue.filled_only = o->queue_filled_only;
    MOCO_TRY(moco_queue_create(&model->queue, &queue));
    const int64_t means = MOCO__MEANS;
    return moco_tensor_zeros(&model->sums, NULL, MOCO_FLOAT32, model->device, &means, 1);
}

static moco_status check_options(const moco_model_options *o)
{
    if (!(o->temperature > 0)) {
        return moco_error_set(MOCO_EINVALID, "model: temperature %g must be above 0", o->temperature);
    }
    if (o->accumulate < 1) {
        return moco_error_set(MOCO_EINVALID, "model: a batch in %lld parts (accumulate); use 1 or more",
                              (long long)o->accumulate);
    }
    return MOCO_OK;
}

moco_status moco_model_create(moco_model **out, const moco_model_options *options)
{
    const moco_model_options defaults = MOCO_MODEL_OPTIONS_INIT;
    const moco_model_options *o = options != NULL ? options : &defaults;
    MOCO_CHECK_ARG(out);
    MOCO_TRY(check_options(o));
    moco_model *model = moco__handle_alloc(sizeof *model);
    if (model == NULL) {
        return MOCO_ENOMEM;
    }
    model->temperature = o->temperature;
    model->symmetric = o->symmetric;
    model->accumulate = o->accumulate;
    model->shuffle_kind = o->shuffle;
    model->comm = o->comm;
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
    moco_scope_free(model->part);
    moco_scope_free(model->scope);
    moco_tensor_free(model->sums);
    moco_ddp_free(model->ddp);
    moco_sgd_free(model->sgd);
    moco_queue_free(model->queue);
    moco_encoder_free(model->encoder_k);
    moco_encoder_free(model->encoder_q);
    moco__shuffle_free(&model->shuffle);
    moco__handle_free(model);
}

moco_status moco_model_read_means(moco_model_means *out, moco_model *model)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(model);
    float sums[MOCO__MEANS];
    MOCO_TRY(moco_comm_all_reduce(model->comm, model->sums));
    MOCO_TRY(moco_tensor_to_host(sums, sizeof sums, model->sums));
    MOCO_TRY(moco_tensor_zero(model->sums));
    const int64_t steps = model->summed_steps;
    const double count = steps > 0 ? (double)steps * (double)moco_comm_world(model->comm) : NAN;
    *out = (moco_model_means){ steps, (double)sums[0] / count, 100 * (double)sums[1] / count,
                               100 * (double)sums[2] / count };
    model->summed_steps = 0;
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

moco_comm *moco_model_comm(const moco_model *model)
{
    return model->comm;
}

uint64_t moco_model_shuffles(const moco_model *model)
{
    return model->shuffles;
}

void moco_model_set_shuffles(moco_model *model, uint64_t shuffles)
{
    model->shuffles = shuffles;
}
