/* Frees models, and gives their parts and metrics. */
#include "method/model_internal.h"

#include "base/handle_internal.h"

void moco_model_free(moco_model *model)
{
    if (model == NULL) {
        return;
    }
    moco_scope_free(model->part);
    moco_scope_free(model->scope);
    moco_scope_free(model->inputs);
    moco__means_free(&model->means);
    moco_ddp_free(model->ddp);
    moco_sgd_free(model->sgd);
    moco_queue_free(model->queue);
    moco__bank_free(&model->bank);
    moco__predictor_free(&model->predictor);
    moco_encoder_free(model->encoder_k);
    moco_encoder_free(model->encoder_q);
    moco__graph_free(model->graph); /* its memory holds the gradients */
    moco__shuffle_free(&model->shuffle);
    moco__notes_clear(&model->notes);
    moco__handle_free(model);
}

void moco__model_clear(moco_model *model)
{
    moco_scope_clear(model->inputs);
    if (!moco__graph_recorded(model->graph)) {
        moco_scope_clear(model->part);
        moco_scope_clear(model->scope);
    }
}

moco_status moco_model_read_means(moco_model_means *out, moco_model *model)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(model);
    return moco__means_read(out, &model->means, model->comm);
}

void moco_model_profile(moco_model *model, moco_step_times *times)
{
    if (model != NULL) {
        model->phases.times = times;
    }
}

moco_encoder *moco_model_query_encoder(const moco_model *model)
{
    return model != NULL ? model->encoder_q : NULL;
}

moco_encoder *moco_model_key_encoder(const moco_model *model)
{
    return model != NULL ? model->encoder_k : NULL;
}

moco_queue *moco_model_queue(const moco_model *model)
{
    return model != NULL ? model->queue : NULL;
}

moco_tensor *moco_model_bank(const moco_model *model)
{
    return model != NULL ? model->bank.features : NULL;
}

const moco_tensor_list *moco_model_predictor(const moco_model *model)
{
    return model != NULL ? model->predictor.parameters : NULL;
}

moco_sgd *moco_model_sgd(const moco_model *model)
{
    return model != NULL ? model->sgd : NULL;
}

moco_comm *moco__model_comm(const moco_model *model)
{
    return model != NULL ? model->comm : NULL;
}

moco_shuffle_kind moco__model_shuffle_kind(const moco_model *model)
{
    return model->shuffle.kind;
}

bool moco__model_has_graph(const moco_model *model)
{
    return model->graph != NULL;
}

moco_device moco__model_device(const moco_model *model)
{
    return model->device;
}

uint64_t moco__model_shuffles(const moco_model *model)
{
    return model != NULL ? model->shuffle.drawn : 0;
}

void moco__model_set_shuffles(moco_model *model, uint64_t shuffles)
{
    if (model != NULL) {
        model->shuffle.drawn = shuffles;
    }
}

moco_status moco_model_set_metadata(moco_model *model, const char *key, const char *value)
{
    MOCO_CHECK_ARG(model);
    MOCO_CHECK_ARG(key);
    return moco__notes_set_own(&model->notes, key, value);
}

const char *moco_model_metadata(const moco_model *model, const char *key)
{
    return model != NULL && key != NULL ? moco__notes_get_own(&model->notes, key) : NULL;
}
