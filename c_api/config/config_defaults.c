/* Lists the defaults of a configuration. */
#include "config/config_defaults_internal.h"

#include "base/handle_internal.h"

#include <string.h>

/* arXiv 1911.05722, section 3.3, and the defaults of the reference's main_moco.py. */
const moco__setting moco__config_v1[] = {
    { "augment", "v1" },
    { "policy", "" },
    { "key-policy", "" },
    { "crop-min", "auto" },
    { "jitter", "1" },
    { "blur", "1" },
    { "augment-precision", "exact" },
    { "image-size", "auto" },
    { "arch", "resnet50" },
    { "dim", "128" },
    { "mlp", "false" },
    { "cifar-stem", "false" },
    { "bn-splits", "auto" },
    { "precision", "auto" },
    { "layout", "auto" },
    { "mechanism", "moco" },
    { "queue-size", "65536" },
    { "queue-filled-only", "false" },
    { "momentum", "0.999" },
    { "momentum-schedule", "constant" },
    { "temperature", "0.07" },
    { "symmetric", "false" },
    { "shuffle", "alltoall" },
    { "separate-encoders", "false" },
    { "bank-momentum", "0.5" },
    { "bank-per-query", "false" },
    { "predictor", "4096" },
    { "sync-bn", "false" },
    { "epochs", "200" },
    { "max-steps", "0" },
    { "batch", "256" },
    { "accumulate", "1" },
    { "lr", "auto" },
    { "schedule", "steps" },
    { "milestones", "120,160" },
    { "lr-decay", "0.9" },
    { "lr-decay-steps", "0" },
    { "lr-per-step", "false" },
    { "warmup-epochs", "0" },
    { "sgd-momentum", "0.9" },
    { "weight-decay", "0.0001" },
    { "lars-trust", "0" },
    { "print-freq", "10" },
    { "knn-every", "10" },
    { "knn-steps", "0" },
    { "knn-minutes", "0" },
    { "knn-k", "auto" },
    { "knn-temperature", "0.1" },
    { "knn-features", "pooled" },
    { "knn-images", "0" },
    { "knn-image-size", "auto" },
};

const size_t moco__config_v1_count = sizeof moco__config_v1 / sizeof moco__config_v1[0];

moco_status moco__config_apply(moco_config *config, const moco__setting *settings, size_t count)
{
    for (size_t i = 0; i < count && settings[i].name != NULL; ++i) {
        MOCO_TRY(moco_option_set(config, moco_config_find_option(settings[i].name), settings[i].value));
    }
    return MOCO_OK;
}

void moco__config_defaults(moco_config *config)
{
    static const moco__setting others[] = {
        { "format", "auto" },        { "channels", "3" },
        { "workers", "auto" },       { "prefetch", "3" },
        { "device", "auto" },        { "threads", "auto" },
        { "keep-last", "3" },        { "checkpoint-every", "1" },
        { "checkpoint-steps", "0" }, { "checkpoint-minutes", "0" },
        { "keep-every", "0" },       { "tensorboard", "true" },
        { "plots", "true" },         { "gradient-compression", "none" },
        { "cuda-graph", "auto" },    { "bucket-mib", "25" },
        { "monitors", "true" },      { "lidar", "false" },
        { "monitor-every", "auto" },
    };
    memset(config, 0, sizeof *config);
    config->struct_size = sizeof *config;
    /* Both tables are constant and a test sets every row, so this cannot fail. */
    (void)moco__config_apply(config, moco__config_v1, moco__config_v1_count);
    (void)moco__config_apply(config, others, sizeof others / sizeof others[0]);
}
