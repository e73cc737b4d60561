/*
 * Opens data, and makes options from a run's configuration.
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

void data_warn_of_skipped(const moco_dataset *dataset)
{
    char text[2 * MOCO_PATH_MAX];
    if (dataset != NULL && moco_dataset_skipped(dataset, text, sizeof text) > 0) {
        moco_log(MOCO_LOG_WARNING, "%s", text);
    }
}

moco_features_options data_features_options(const moco_config *config, moco_device device)
{
    moco_features_options options = MOCO_FEATURES_OPTIONS_INIT;
    moco_features_options_for(&options, config, device);
    return options;
}

moco_encoder_options data_encoder_options(const moco_config *config, moco_device device)
{
    moco_encoder_options options = MOCO_ENCODER_OPTIONS_INIT;
    const moco_status status = moco_config_encoder_options(&options, config, device);
    (void)status;          /* a valid configuration does not fail */
    options.bn_splits = 1; /* only training splits batches */
    return options;
}

void data_make_absolute(char path[MOCO_PATH_MAX])
{
    char *whole = path[0] != '\0' ? realpath(path, NULL) : NULL;
    if (whole != NULL) {
        (void)snprintf(path, MOCO_PATH_MAX, "%s", whole);
    } else if (path[0] != '\0' && path[0] != '/') { /* a range of shards is not a file */
        char joined[2 * MOCO_PATH_MAX];
        whole = getcwd(NULL, 0);
        if (whole != NULL && snprintf(joined, sizeof joined, "%s/%s", whole, path) < MOCO_PATH_MAX) {
            memcpy(path, joined, strlen(joined) + 1);
        }
    }
    free(whole);
}
