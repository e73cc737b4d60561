/*
 * Checks a sweep before its runs: its folder, its data, and the runs that the folder holds already.
 */
#include "commands/sweep_check.h"

#include "cli/output_path.h"
#include "commands/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs refuse to be in their data, but the folder of the sweep would be there before. */
static moco_status check_place(const moco_config *asked, const char *sweep)
{
    const char *const data[2] = { asked->data, asked->val_data };
    for (int i = 0; i < 2; ++i) {
        if (data[i][0] != '\0' && folder_contains(data[i], sweep)) {
            return moco_error_set(MOCO_EINVALID,
                                  "%s: the folder of the sweep is in the data %s; choose a folder beside it (--out), "
                                  "since the plots of its runs would become images",
                                  sweep, data[i]);
        }
    }
    return MOCO_OK;
}

/* Returns whether two runs have the same data. */
static bool same_data(const moco_config *a, const moco_config *b)
{
    return strcmp(a->data, b->data) == 0 && strcmp(a->val_data, b->val_data) == 0 && a->format == b->format;
}

static moco_status check_pair(const moco_dataset *images, const moco_config *asked)
{
    moco_dataset *val = NULL;
    moco_status status =
        data_open(&val, "kNN monitor", asked->val_data, asked->format, MOCO_SPLIT_TEST, asked->skip_broken);
    if (status == MOCO_OK) {
        status = moco_dataset_check_pair(images, val);
    }
    moco_dataset_free(val);
    return status;
}

/* Opens the data of a run, so that data which do not fit end the sweep and not each of its runs. */
static moco_status check_data(const moco_config *asked)
{
    moco_dataset *images = NULL;
    if (data_is_command(asked->data) || data_is_command(asked->val_data)) {
        return MOCO_OK; /* commands are left to the runs */
    }
    const bool tests =
        asked->val_data[0] != '\0' && (asked->knn_every > 0 || asked->knn_steps > 0 || asked->knn_minutes > 0);
    moco_status status = data_open(&images, "data", asked->data, asked->format, MOCO_SPLIT_TRAIN, asked->skip_broken);
    if (status == MOCO_OK && tests) {
        status = check_pair(images, asked);
    }
    moco_dataset_free(images);
    return status;
}

/* Compares a run in the folder with what the sweep asks for. */
static moco_status check_settings(const moco_config *asked, const char *name)
{
    static moco_config found;
    char path[MOCO_PATH_MAX + 16];
    const moco_option *option = NULL;
    moco_config_init(&found, sizeof found);
    (void)snprintf(path, sizeof path, "%s/config.yaml", asked->out);
    if (access(path, F_OK) != 0) {
        return MOCO_OK;
    }
    const moco_status status = moco_config_load(&found, path);
    for (size_t i = 0; status == MOCO_OK && (option = moco_config_option(i)) != NULL; ++i) {
        char want[MOCO_PATH_MAX] = "";
        char have[MOCO_PATH_MAX] = "";
        if (option->per_host || strcmp(option->name, "layout") == 0 ||
            moco_config_get(asked, option, want, sizeof want) != MOCO_OK ||
            moco_config_get(&found, option, have, sizeof have) != MOCO_OK || strcmp(want, "auto") == 0) {
            continue;
        }
        if (strcmp(want, have) != 0) {
            return moco_error_set(MOCO_EINVALID, "run %s is there with %s %s, not %s; give another --out, or delete it",
                                  name, option->name, have[0] != '\0' ? have : "empty", want);
        }
    }
    return status;
}

moco_status sweep_check_folder(const sweep_grid *grid)
{
    static moco_config config;
    static moco_config before;
    char name[SWEEP_NAME_SIZE];
    for (size_t r = 0; r < grid->runs; ++r) {
        moco_status status = sweep_grid_config(&config, grid, r);
        sweep_grid_name(name, sizeof name, grid, r);
        if (status == MOCO_OK) {
            status = check_place(&config, grid->base.out);
        }
        if (status == MOCO_OK) {
            status = check_settings(&config, name);
        }
        if (status == MOCO_OK && (r == 0 || !same_data(&config, &before))) {
            status = check_data(&config);
        }
        before = config;
        if (status != MOCO_OK) {
            return status;
        }
    }
    return MOCO_OK;
}
