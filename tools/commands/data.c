/*
 * Opens data, and makes options from a run's configuration.
 */
#include "commands/data.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool data_is_command(const char *path)
{
    return strncmp(path, "pipe:", 5) == 0;
}

static moco_status open_from(moco_dataset **out, const char *what, const char *path, moco_format format,
                             moco_split split, bool skip_broken, bool is_typed)
{
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    char text[MOCO_PATH_MAX + 512];
    options.split = split;
    options.format = format;
    options.skip_broken = skip_broken;
    options.pipes = is_typed;
    MOCO_TRY(moco_dataset_open(out, path, &options));
    moco_dataset_describe(*out, text, sizeof text);
    moco_log(MOCO_LOG_INFO, "%s: %s", what, text);
    return MOCO_OK;
}

moco_status data_open(moco_dataset **out, const char *what, const char *path, moco_format format, moco_split split,
                      bool skip_broken)
{
    return open_from(out, what, path, format, split, skip_broken, true);
}

moco_status data_open_stored(moco_dataset **out, const char *what, const char *path, moco_format format,
                             moco_split split, bool skip_broken)
{
    return open_from(out, what, path, format, split, skip_broken, false);
}

/* Finds a folder by its name in any case. Returns whether there is one. */
static bool find_folder(char out[MOCO_PATH_MAX], const char *path, const char *name)
{
    bool found = false;
    DIR *stream = opendir(path);
    for (const struct dirent *e = stream != NULL ? readdir(stream) : NULL; e != NULL && !found; e = readdir(stream)) {
        char inner[2 * MOCO_PATH_MAX];
        struct stat info;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        found = strcasecmp(e->d_name, name) == 0 && stat(inner, &info) == 0 && S_ISDIR(info.st_mode) &&
                snprintf(out, MOCO_PATH_MAX, "%s", inner) < MOCO_PATH_MAX;
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return found;
}

moco_status data_open_named(moco_dataset **out, const char *what, const char *path, moco_format format,
                            const char *split, bool skip_broken)
{
    char folder[MOCO_PATH_MAX];
    const bool trains = strcmp(split, "train") == 0;
    if (!trains && find_folder(folder, path, split)) {
        return data_open(out, what, folder, format, MOCO_SPLIT_TRAIN, skip_broken);
    }
    if (!trains && strcmp(split, "test") != 0) {
        return moco_error_set(
            MOCO_ENOTFOUND, "--split %s: there is no folder %s in %s; give train, test, or the name of a folder in it",
            split, split, path);
    }
    return data_open(out, what, path, format, trains ? MOCO_SPLIT_TRAIN : MOCO_SPLIT_TEST, skip_broken);
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
    if (data_is_command(path)) {
        return;
    }
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
