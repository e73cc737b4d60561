/*
 * Opening data and encoders as a run's configuration says, for commands that look at a run.
 */
#include "commands/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

moco_status data_open(moco_dataset **out, const char *path, moco_format format, moco_split split)
{
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.split = split;
    options.format = format;
    return moco_dataset_open(out, path, &options);
}

moco_features_options data_features_options(const moco_config *config, moco_device device)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&options, config, device);
    return options;
}

moco_encoder_options data_encoder_options(const moco_config *config, moco_device device)
{
    moco_encoder_options options = moco_config_encoder_options(config, device);
    options.bn_splits = 1; /* of training alone */
    return options;
}

void data_make_absolute(char path[MOCO_PATH_MAX])
{
    char *whole = path[0] != '\0' ? realpath(path, NULL) : NULL;
    if (whole != NULL) {
        (void)snprintf(path, MOCO_PATH_MAX, "%s", whole);
    } else if (path[0] != '\0' && path[0] != '/') { /* a range of shards is no file */
        char joined[2 * MOCO_PATH_MAX];
        whole = getcwd(NULL, 0);
        if (whole != NULL && snprintf(joined, sizeof joined, "%s/%s", whole, path) < MOCO_PATH_MAX) {
            memcpy(path, joined, strlen(joined) + 1);
        }
    }
    free(whole);
}
