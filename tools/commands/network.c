/*
 * Finds and loads the network that a command works on.
 */
#include "commands/network.h"

#include "cli/output.h"
#include "commands/data.h"

#include <stdio.h>
#include <string.h>

/* Notes a guess: files of other programs do not say how images were prepared, and a wrong guess costs accuracy. */
static void note_guess(const network *net, const moco_weights *weights)
{
    if (moco_weights_kind_of(weights) != MOCO_WEIGHTS_CHECKPOINT &&
        moco_weights_metadata(weights, "image_size") == NULL) {
        say_note(
            "%s does not say how images were prepared; assuming %lld pixels, and colours scaled as by --augment %s",
            net->path, (long long)net->config.image_size, net->config.augment);
    }
}

moco_status network_find(network *out, const char *path, const char *device)
{
    *out = (network){ .encoder = NULL };
    moco_config_init(&out->config, sizeof out->config);
    MOCO_TRY(moco_checkpoint_find(out->path, sizeof out->path, path));
    moco_weights *weights;
    MOCO_TRY(moco_weights_open(&weights, out->path));
    const moco_status status = moco_weights_config(&out->config, weights);
    if (status == MOCO_OK) {
        note_guess(out, weights);
    }
    moco_weights_free(weights);
    return status == MOCO_OK ? moco_device_parse(&out->device, device) : status;
}

moco_status network_find_or_preset(network *out, const char *path, const char *preset, int64_t channels,
                                   const char *device)
{
    if (path != NULL) {
        return network_find(out, path, device);
    }
    *out = (network){ .encoder = NULL };
    moco_config_init(&out->config, sizeof out->config);
    MOCO_TRY(moco_config_apply_preset(&out->config, preset));
    out->config.channels = channels > 0 ? channels : out->config.channels;
    return moco_device_parse(&out->device, device);
}

moco_status network_measure(network *net, const moco_dataset *images, int64_t workers, bool skip_broken)
{
    const size_t channels = (size_t)net->config.channels;
    moco_statistics found;
    char text[MOCO_NORMALIZE_TEXT_MAX];
    size_t used = 0;
    if (net->path[0] != '\0' || channels == 3) {
        return MOCO_OK;
    }
    MOCO_TRY(moco_dataset_statistics(&found, images, (int32_t)channels, MOCO_STATISTICS_IMAGES, (int32_t)workers,
                                     skip_broken));
    for (size_t i = 0; i < 2 * channels; ++i) {
        char number[32];
        const double value = i < channels ? found.mean[i] : found.std[i - channels];
        const char *before = i == 0 ? "" : i == channels ? "/" : ",";
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", before,
                                 format_number(number, sizeof number, 6, value));
    }
    say_note("%zu channel%s, normalised by the means/standard deviations %s", channels, plural(channels), text);
    return moco_config_set(&net->config, "normalize", text);
}

moco_status network_view(moco_features_options *out, network *net, const char *features, const image_settings *images)
{
    if (strcmp(features, "auto") != 0) {
        MOCO_TRY(moco_config_set(&net->config, "knn-features", features));
    }
    if (images->image_size > 0) {
        net->config.knn_image_size = images->image_size;
    }
    *out = data_features_options(&net->config, net->device);
    out->workers = (int32_t)images->workers;
    out->skip_broken = images->skip_broken;
    return MOCO_OK;
}

moco_status network_load(network *net)
{
    moco_config unused; /* the command may have changed the one that was found */
    moco_config_init(&unused, sizeof unused);
    return moco_encoder_import(&net->encoder, &unused, net->path, MOCO_QUERY, net->device);
}

moco_status network_make_random(network *net)
{
    const moco_encoder_options fresh = data_encoder_options(&net->config, net->device);
    MOCO_TRY(moco_encoder_create(&net->encoder, &fresh));
    moco_encoder_set_training(net->encoder, false);
    return MOCO_OK;
}

void network_close(network *net)
{
    moco_encoder_free(net->encoder);
    net->encoder = NULL;
}
