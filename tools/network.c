/*
 * The network that a command judges.
 */
#include "network.h"

#include "data.h"

#include <string.h>

moco_status network_find(network *out, const char *path, const char *device)
{
    *out = (network){ .encoder = NULL };
    MOCO_TRY(moco_checkpoint_find(out->path, sizeof out->path, path));
    MOCO_TRY(moco_weights_read_config(&out->config, out->path));
    return moco_device_parse(&out->device, strcmp(device, "auto") == 0 ? out->config.device : device);
}

moco_status network_load(network *net)
{
    moco_config unused; /* the command may have changed the one that was found */
    return moco_encoder_import(&net->encoder, &unused, net->path, MOCO_QUERY, net->device);
}

moco_status network_open(network *out, const char *path, const char *device)
{
    MOCO_TRY(network_find(out, path, device));
    return network_load(out);
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
