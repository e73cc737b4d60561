/* Reads the settings of a file of weights, or guesses them, and makes its encoder. */
#include "base/handle_internal.h"
#include "config/config_read_internal.h"
#include "config/config_stored_internal.h"
#include "config/encoder_options_internal.h"
#include "formats/safetensors_read_internal.h"
#include "weights/adapt_input_internal.h"
#include "weights/weights_list_internal.h"

#include <stdio.h>
#include <string.h>

/* Other programs do not say how they scaled images that are not RGB. */
static moco_status guess_channels(moco_config *config, const moco_weights *weights, const moco_network *network)
{
    const char *normalize = moco__weights_are_ours(weights) ? moco_weights_metadata(weights, "normalize") : NULL;
    config->channels = moco__weights_channels(weights, network);
    if (normalize == NULL && config->channels != 3) {
        normalize = "none";
    }
    return normalize != NULL ? moco_config_set(config, "normalize", normalize) : MOCO_OK;
}

/* Sets defaults for a file without settings. */
static moco_status guess_config(moco_config *config, const moco_weights *weights, const moco_network *network)
{
    const char *augment = moco__weights_are_ours(weights) ? moco_weights_metadata(weights, "augment") : NULL;
    const char *policy = moco__weights_are_ours(weights) ? moco_weights_metadata(weights, "policy") : NULL;
    const char *size = moco__weights_are_ours(weights) ? moco_weights_metadata(weights, "image_size") : NULL;
    const bool small = network->cifar_stem || moco__architecture_is_small(network->arch);
    moco_config_init(config, sizeof *config);
    (void)snprintf(config->arch, sizeof config->arch, "%s", network->arch);
    config->dim = network->dim;
    config->mlp = network->mlp;
    config->cifar_stem = network->cifar_stem;
    config->knn_features = MOCO_KNN_POOLED;
    MOCO_TRY(guess_channels(config, weights, network));
    MOCO_TRY(moco_config_set(config, "augment", augment != NULL ? augment : small ? "cifar" : "v2"));
    if (policy != NULL) {
        MOCO_TRY(moco_config_set(config, "policy", policy));
    }
    return moco_config_set(config, "image-size", size != NULL ? size : small ? "32" : "224");
}

static moco_status config_of(moco_config *config, const moco_weights *weights)
{
    moco_network network;
    if (weights->kind == MOCO_WEIGHTS_CHECKPOINT) {
        MOCO_TRY(moco__stored_check(weights->safetensors, weights->path));
        return moco__stored_config(config, weights->safetensors, weights->path);
    }
    MOCO_TRY(moco_weights_network(&network, weights, MOCO_QUERY));
    return guess_config(config, weights, &network);
}

moco_status moco_weights_config(moco_config *config, const moco_weights *weights)
{
    moco_config found;
    MOCO_CHECK_ARG(weights);
    MOCO_TRY(moco__config_read(&found, config)); /* only for its struct_size */
    MOCO_TRY(config_of(&found, weights));
    moco__config_write(config, &found);
    return MOCO_OK;
}

static moco_status import(moco_encoder **out, moco_config *config, const moco_weights *weights, moco_branch branch,
                          moco_device device)
{
    moco_network network;
    MOCO_TRY(config_of(config, weights));
    MOCO_TRY(moco_weights_network(&network, weights, branch));
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    MOCO_TRY(moco_config_encoder_options(&options, config, device));
    options.bn_splits = 1; /* splits are for training only */
    moco_encoder *encoder;
    MOCO_TRY(moco_encoder_create(&encoder, &options));
    const moco_status status = moco_weights_read_encoder(encoder, weights, &network);
    if (status != MOCO_OK) {
        moco_encoder_free(encoder);
        return status;
    }
    moco_encoder_set_training(encoder, false);
    *out = encoder;
    return MOCO_OK;
}

moco_status moco_encoder_from_weights(moco_encoder **out, moco_config *config, const moco_weights *weights,
                                      moco_branch branch, moco_device device)
{
    moco_config found;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(weights);
    MOCO_TRY(moco__config_read(&found, config)); /* only for its struct_size */
    MOCO_TRY(import(out, &found, weights, branch, device));
    moco__config_write(config, &found);
    return MOCO_OK;
}

moco_status moco_encoder_import(moco_encoder **out, moco_config *config, const char *path, moco_branch branch,
                                moco_device device)
{
    MOCO_CHECK_ARG(out);
    moco_config known;
    moco_weights *weights;
    MOCO_TRY(moco__config_read(&known, config)); /* before the file is opened */
    MOCO_TRY(moco_weights_open(&weights, path));
    const moco_status status = moco_encoder_from_weights(out, config, weights, branch, device);
    moco_weights_free(weights);
    return status;
}
