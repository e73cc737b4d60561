/* Turns a configuration into the options of a model and its parts. */
#include "config/config_model_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"

enum { MAX_AUTO_SPLITS = 8 }; /* the paper's number of GPUs, which the reference's CIFAR demo simulates on one GPU */

int64_t moco__auto_splits(int64_t batch, int64_t parts)
{
    int64_t splits = MAX_AUTO_SPLITS - MAX_AUTO_SPLITS % parts;
    while (splits > parts && (batch % splits != 0 || batch / splits < 2)) {
        splits -= parts;
    }
    return splits > parts ? splits : parts;
}

/* Gives the groups of batch norm in a part of the batch. */
static moco_status splits_of(int64_t *out, const moco_config *config, moco_comm *comm)
{
    const int64_t parts = moco_comm_world(comm) * config->accumulate;
    *out = 1;
    if (config->sync_bn) {
        return MOCO_OK;
    }
    if (config->batch < 1 || config->accumulate < 1 || config->batch % parts != 0 || config->bn_splits % parts != 0) {
        return moco_error_set(
            MOCO_EINVALID, "config: batch %lld and bn_splits %lld must be multiples of %d processes x accumulate %lld",
            (long long)config->batch, (long long)config->bn_splits, moco_comm_world(comm),
            (long long)config->accumulate);
    }
    *out = (config->bn_splits > 0 ? config->bn_splits : moco__auto_splits(config->batch, parts)) / parts;
    return MOCO_OK;
}

/* auto: where a graph can be used and was tried on hardware, see docs/gpu.md. */
static bool wants_graph(const moco_config *config, moco_device device, const moco_comm *comm)
{
    return config->cuda_graph == MOCO_CUDA_GRAPH_ON ||
           (config->cuda_graph == MOCO_CUDA_GRAPH_AUTO && device.type == MOCO_CUDA && moco_comm_world(comm) == 1 &&
            config->mechanism == MOCO_MECHANISM_MOCO && !config->queue_filled_only);
}

static void set_model(moco_model_options *options, const moco_config *config, moco_device device)
{
    options->queue_size = config->queue_size;
    options->queue_filled_only = config->queue_filled_only;
    options->temperature = config->temperature;
    options->symmetric = config->symmetric;
    options->shuffle = config->shuffle;
    options->seed = config->seed;
    options->accumulate = config->accumulate;
    options->sync_bn = config->sync_bn;
    options->cuda_graph = wants_graph(config, device, options->comm);
    options->mechanism = config->mechanism;
    options->separate_encoders = config->separate_encoders;
    options->bank_momentum = config->bank_momentum;
    options->bank_per_query = config->bank_per_query;
    options->predictor = config->predictor;
}

moco_status moco_config_model_options(moco_model_options *out, moco_encoder_options *encoder, moco_sgd_options *sgd,
                                      moco_ddp_options *ddp, const moco_config *config, moco_device device)
{
    moco_model_options model;
    moco_encoder_options network;
    moco_sgd_options optimiser;
    moco_ddp_options ranks;
    moco_config c;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    MOCO_CHECK_ARG(sgd);
    MOCO_CHECK_ARG(ddp);
    MOCO_TRY(moco__config_read(&c, config));
    MOCO__READ_OPTIONS(&model, out, MOCO_MODEL_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&network, encoder, MOCO_ENCODER_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&optimiser, sgd, MOCO_SGD_OPTIONS_INIT);
    MOCO__READ_OPTIONS(&ranks, ddp, MOCO_DDP_OPTIONS_INIT);
    MOCO_TRY(moco_config_encoder_options(&network, config, device));
    MOCO_TRY(splits_of(&network.bn_splits, &c, model.comm));
    set_model(&model, &c, device);
    optimiser.momentum = c.sgd_momentum;
    optimiser.weight_decay = c.weight_decay;
    optimiser.trust = c.lars_trust;
    ranks.bucket_mib = c.bucket_mib;
    ranks.compress_bf16 = c.gradient_compression == MOCO_COMPRESSION_BF16;
    moco__options_write(encoder, &network, sizeof network);
    moco__options_write(sgd, &optimiser, sizeof optimiser);
    moco__options_write(ddp, &ranks, sizeof ranks);
    model.encoder = encoder;
    model.sgd = sgd;
    model.ddp = ddp;
    moco__options_write(out, &model, sizeof model);
    return MOCO_OK;
}
