/* Makes models. */
#include "method/mechanism_table_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"

#include <float.h>

static moco_status create_parts(moco_model *model, const moco_model_options *o)
{
    if (o->cuda_graph) {
        MOCO_TRY(moco__graph_create(&model->graph, model->device));
    }
    MOCO_TRY(moco_scope_create(&model->inputs));
    MOCO_TRY(moco_scope_create(&model->scope));
    MOCO_TRY(moco_scope_create(&model->part));
    MOCO_TRY(moco_encoder_create(&model->encoder_q, o->encoder));
    if (o->sync_bn) {
        MOCO_TRY(moco_encoder_sync_bn(model->encoder_q, o->comm));
    }
    MOCO_TRY(moco_ddp_create(&model->ddp, o->comm, model->encoder_q, o->ddp));
    MOCO_TRY(moco_sgd_create(&model->sgd, moco_encoder_parameters(model->encoder_q), o->sgd));
    MOCO_TRY(model->mechanism->create(model, o));
    return moco__means_create(&model->means, model->device);
}

static moco_status check_options(const moco_model_options *o)
{
    if (!(o->temperature > 0 && o->temperature <= DBL_MAX)) {
        return moco_error_set(MOCO_EINVALID, "model: temperature %g must be above 0 and finite", o->temperature);
    }
    if (o->accumulate < 1) {
        return moco_error_set(MOCO_EINVALID, "model: accumulate %lld must be at least 1", (long long)o->accumulate);
    }
    if ((int)o->shuffle < 0 || o->shuffle > MOCO_SHUFFLE_OFF) {
        return moco_error_set(MOCO_EINVALID, "model: shuffle %d is not a moco_shuffle_kind", (int)o->shuffle);
    }
    if (moco__mechanism_of(o->mechanism) == NULL) {
        return moco_error_set(MOCO_EINVALID, "model: mechanism %d is not a moco_mechanism", (int)o->mechanism);
    }
    if (o->cuda_graph && o->mechanism != MOCO_MECHANISM_MOCO) {
        return moco_error_set(MOCO_EINVALID, "model: a CUDA graph is for mechanism moco; use cuda_graph false");
    }
    if (o->cuda_graph && o->queue_filled_only) {
        return moco_error_set(MOCO_EINVALID, "model: a CUDA graph needs a queue whose size does not change; use "
                                             "cuda_graph false or queue_filled_only false");
    }
    return MOCO_OK;
}

/* The sizes of what is sent change from step to step, which a graph cannot. Both kinds give the same keys. */
static moco_shuffle_kind kind_of(const moco_model_options *o)
{
    return o->cuda_graph && o->shuffle == MOCO_SHUFFLE_ALL_TO_ALL ? MOCO_SHUFFLE_ALL_GATHER : o->shuffle;
}

/* Batches are laid out in a group for each rank and part; with an application's own permutation rows are samples. */
static size_t groups_of(const moco_model_options *o)
{
    return o->permutation != NULL ? 1 : (size_t)moco_comm_world(o->comm) * (size_t)o->accumulate;
}

static void copy_options(moco_model *model, const moco_model_options *o)
{
    model->mechanism = moco__mechanism_of(o->mechanism);
    model->comm = o->comm;
    model->device = o->encoder->device;
    model->precision = o->encoder->precision;
    model->bn_splits = o->encoder->bn_splits;
    model->temperature = o->temperature;
    model->symmetric = o->symmetric;
    model->accumulate = o->accumulate;
    model->phases.device = o->encoder->device;
    model->shuffle = (moco__shuffle){ .kind = kind_of(o),
                                      .comm = o->comm,
                                      .device = o->encoder->device,
                                      .groups = groups_of(o),
                                      .permutation = o->permutation,
                                      .payload = o->payload,
                                      .seed = o->seed };
}

MOCO__DEFINE_INIT(moco_model_options, MOCO_MODEL_OPTIONS_INIT)

moco_status moco_model_create(moco_model **out, const moco_model_options *options)
{
    moco_model_options o;
    moco_encoder_options encoder;
    moco_sgd_options sgd;
    moco_ddp_options ddp;
    MOCO_CHECK_ARG(out);
    MOCO__READ_OPTIONS(&o, options, MOCO_MODEL_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&encoder, o.encoder, MOCO_ENCODER_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&sgd, o.sgd, MOCO_SGD_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&ddp, o.ddp, MOCO_DDP_OPTIONS_INIT);
    o.encoder = &encoder;
    MOCO_TRY(check_options(&o));
    moco_model *model = moco__handle_alloc(sizeof *model);
    if (model == NULL) {
        return MOCO_ENOMEM;
    }
    copy_options(model, &o);
    model->made = o;
    model->made_sgd = sgd;
    model->made_ddp = ddp;
    const moco_status status = create_parts(model, &o);
    if (status != MOCO_OK) {
        moco_model_free(model);
        return status;
    }
    *out = model;
    return MOCO_OK;
}
