/*
 * The network that a command judges: the query encoder of a run or a checkpoint, with the settings it was trained by.
 */
#ifndef MOCO_TOOLS_COMMANDS_NETWORK_H
#define MOCO_TOOLS_COMMANDS_NETWORK_H

#include <moco.h>

typedef struct network {
    char path[MOCO_PATH_MAX]; /* the file that was read */
    moco_config config;       /* arch, image size and so on */
    moco_device device;
    moco_encoder *encoder; /* owned; in evaluation mode */
} network;

/*
 * Finds the file that a path stands for and reads its settings; the encoder is not made yet.
 * @param device a name of --device, or "auto" for the run's
 */
moco_status network_find(network *out, const char *path, const char *device);

/* Makes the encoder of a network that was found. */
moco_status network_load(network *net);

/* The same, or where the path is NULL the settings of a preset, for a network that is not read from a file. */
moco_status network_find_or_preset(network *out, const char *path, const char *preset, const char *device);

/* How the network sees images. @param features pooled, output, or "auto" for the run's @param image_size 0: the run's
 */
moco_status network_view(moco_features_options *out, network *net, const char *features, int64_t image_size);

/* Makes the encoder as it was before training, as a baseline. */
moco_status network_make_random(network *net);

void network_close(network *net);

#endif
