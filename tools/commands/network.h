/*
 * Finds and loads the network that a command works on: the query encoder of a run or checkpoint, with its settings.
 */
#ifndef MOCO_TOOLS_COMMANDS_NETWORK_H
#define MOCO_TOOLS_COMMANDS_NETWORK_H

#include "commands/image_options.h"

typedef struct network {
    char path[MOCO_PATH_MAX]; /* the file that holds it; empty: none */
    moco_config config;       /* its settings */
    moco_device device;
    moco_encoder *encoder; /* owned; in evaluation mode */
} network;

/*
 * Finds the file that a path names and reads its settings. Does not make the encoder yet.
 * @param device a name of --device, or "auto" for the run's
 */
moco_status network_find(network *out, const char *path, const char *device);

/* Makes the encoder of a network that was found. */
moco_status network_load(network *net);

/* Does the same, or takes the settings of a preset if the path is NULL. @param channels of its images; 0: 3 */
moco_status network_find_or_preset(network *out, const char *path, const char *preset, int64_t channels,
                                   const char *device);

/* Measures how the images of an untrained network are scaled if they are not RGB, as moco train does; else does
 * nothing. */
moco_status network_measure(network *net, const moco_dataset *images, int64_t workers, bool skip_broken);

/* Makes the options for features of the network, of images as the settings say.
 * @param features pooled, output, or "auto" for the run's */
moco_status network_view(moco_features_options *out, network *net, const char *features, const image_settings *images);

/* Makes an untrained encoder with the same settings, as a baseline. */
moco_status network_make_random(network *net);

void network_close(network *net);

#endif
