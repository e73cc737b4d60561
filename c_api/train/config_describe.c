/* Describes a model by a configuration. */
#include "base/handle_internal.h"
#include "config/config_read_internal.h"
#include "method/model_internal.h"

#include "moco/checkpoint.h"

static moco_status describe_network(moco_config *config, const moco_model *model, const moco_encoder_options *network)
{
    MOCO_TRY(moco_config_set(config, "arch", network->arch));
    config->dim = network->dim;
    config->mlp = network->mlp;
    config->cifar_stem = network->cifar_stem;
    config->channels = network->channels;
    config->precision = network->precision == MOCO_BF16 ? MOCO_PRECISION_BF16 : MOCO_PRECISION_FP32;
    config->layout = network->layout == MOCO_NHWC ? MOCO_LAYOUT_NHWC : MOCO_LAYOUT_NCHW;
    config->sync_bn = model->made.sync_bn;
    config->accumulate = model->accumulate;
    config->bn_splits = model->made.sync_bn ? 1 : model->bn_splits * moco_comm_world(model->comm) * model->accumulate;
    return MOCO_OK;
}

static void describe_method(moco_config *config, const moco_model *model)
{
    config->mechanism = model->made.mechanism;
    config->separate_encoders = model->made.separate_encoders;
    config->bank_momentum = model->made.bank_momentum;
    config->bank_per_query = model->made.bank_per_query;
    config->predictor = model->made.predictor;
    config->queue_size = model->made.queue_size;
    config->queue_filled_only = model->made.queue_filled_only;
    config->temperature = model->temperature;
    config->symmetric = model->symmetric;
    config->shuffle = model->made.shuffle;
    config->seed = model->made.seed;
    config->cuda_graph = model->made.cuda_graph ? MOCO_CUDA_GRAPH_ON : MOCO_CUDA_GRAPH_OFF;
    config->sgd_momentum = model->made_sgd.momentum;
    config->weight_decay = model->made_sgd.weight_decay;
    config->lars_trust = model->made_sgd.trust;
    config->bucket_mib = model->made_ddp.bucket_mib;
    config->gradient_compression = model->made_ddp.compress_bf16 ? MOCO_COMPRESSION_BF16 : MOCO_COMPRESSION_NONE;
}

moco_status moco_config_describe(moco_config *config, const moco_model *model)
{
    moco_config described;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    MOCO_CHECK_ARG(model);
    MOCO_TRY(moco__config_read(&described, config));
    MOCO_TRY(moco_encoder_describe(&network, model->encoder_q));
    MOCO_TRY(describe_network(&described, model, &network));
    describe_method(&described, model);
    moco__config_write(config, &described);
    return MOCO_OK;
}
