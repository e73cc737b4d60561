/* Checks the options of the method against the mechanism. */
#include "config/config_mechanism_internal.h"

#include <inttypes.h>

static const char *name_of(moco_mechanism mechanism)
{
    return MOCO_CHOICES(MOCO_MECHANISM_MAP)[mechanism];
}

/* Refuses an option that another mechanism alone reads. */
static moco_status check_own(const moco_config *config, const char *option, bool is_set, moco_mechanism owner)
{
    return !is_set || config->mechanism == owner ? MOCO_OK
                                                 : moco_error_set(MOCO_EINVALID, "%s: it is for mechanism %s, not %s",
                                                                  option, name_of(owner), name_of(config->mechanism));
}

moco_status moco__config_check_mechanism(const moco_config *config)
{
    const moco_mechanism mechanism = config->mechanism;
    MOCO_TRY(check_own(config, "separate-encoders", config->separate_encoders, MOCO_MECHANISM_END_TO_END));
    MOCO_TRY(check_own(config, "bank-per-query", config->bank_per_query, MOCO_MECHANISM_MEMORY_BANK));
    MOCO_TRY(check_own(config, "queue-filled-only", config->queue_filled_only, MOCO_MECHANISM_MOCO));
    MOCO_TRY(check_own(config, "cuda-graph", config->cuda_graph == MOCO_CUDA_GRAPH_ON, MOCO_MECHANISM_MOCO));
    if (config->cuda_graph == MOCO_CUDA_GRAPH_ON && config->queue_filled_only) {
        return moco_error_set(MOCO_EINVALID, "cuda-graph: it needs a queue whose size does not change; use cuda-graph "
                                             "off, or no queue-filled-only");
    }
    if (mechanism == MOCO_MECHANISM_MEMORY_BANK && config->symmetric) {
        return moco_error_set(MOCO_EINVALID, "symmetric: mechanism memory-bank takes one view of each image");
    }
    if (mechanism == MOCO_MECHANISM_MEMORY_BANK && config->key_policy[0] != '\0') {
        return moco_error_set(MOCO_EINVALID, "key-policy: mechanism memory-bank takes one view of each image");
    }
    if (mechanism == MOCO_MECHANISM_END_TO_END && config->accumulate > 1) {
        return moco_error_set(MOCO_EINVALID,
                              "accumulate: mechanism end-to-end needs the whole batch at once, since gradients flow "
                              "through all keys, and a part alone has fewer negatives; use 1, not %" PRId64
                              ", with a smaller batch or several processes",
                              config->accumulate);
    }
    return MOCO_OK;
}

void moco__config_warn_of_mechanism(const moco_config *config)
{
    const moco_mechanism mechanism = config->mechanism;
    const bool has_momentum = mechanism == MOCO_MECHANISM_MOCO || mechanism == MOCO_MECHANISM_MOMENTUM_BATCH;
    if (config->momentum < 0.95 && has_momentum) {
        moco_log(MOCO_LOG_WARNING,
                 "momentum %g is that of the key encoder, m, which works from 0.99 to 0.9999; for SGD use sgd-momentum",
                 config->momentum);
    }
    if (mechanism == MOCO_MECHANISM_MEMORY_BANK) {
        return; /* keys of past batches say nothing about the batch: arXiv 1911.05722, section 3.3 */
    }
    const bool is_v3 = mechanism == MOCO_MECHANISM_MOMENTUM_BATCH && config->sync_bn; /* as published */
    if (config->shuffle == MOCO_SHUFFLE_OFF && !is_v3) {
        moco_log(
            MOCO_LOG_WARNING,
            "without shuffling the network can cheat through batch statistics: the loss falls but the features are "
            "poor (arXiv 1911.05722, section 3.3)");
    }
    if (config->sync_bn && !is_v3) {
        moco_log(MOCO_LOG_WARNING,
                 "sync-bn leaves shuffling without effect, so the network can cheat through batch statistics "
                 "(arXiv 1911.05722, section 3.3); use it for comparison only");
    }
}
