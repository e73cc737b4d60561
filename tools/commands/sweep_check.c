/*
 * Compares the runs that a sweep's folder holds with those that it asks for.
 */
#include "commands/sweep_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns whether a folder is a path or contains it, by whatever links; the path need not exist yet. */
static bool contains(const char *folder, const char *path)
{
    char rest[MOCO_PATH_MAX];
    char *outer = realpath(folder, NULL);
    (void)snprintf(rest, sizeof rest, "%s", path);
    char *inner = realpath(rest, NULL);
    while (inner == NULL && rest[0] != '\0') {
        char *slash = strrchr(rest, '/');
        if (slash == NULL || slash == rest) {
            (void)snprintf(rest, sizeof rest, "%s", slash == NULL ? "." : "/");
        } else {
            *slash = '\0';
        }
        inner = realpath(rest, NULL);
    }
    const size_t length = outer != NULL ? strlen(outer) : 0;
    const bool inside = outer != NULL && inner != NULL && strncmp(inner, outer, length) == 0 &&
                        (length == 1 || inner[length] == '/' || inner[length] == '\0');
    free(outer);
    free(inner);
    return inside;
}

/* Runs refuse to be in their data, but the folder of the sweep would be there before. */
static moco_status check_place(const moco_config *asked, const char *sweep)
{
    const char *const data[2] = { asked->data, asked->val_data };
    for (int i = 0; i < 2; ++i) {
        if (data[i][0] != '\0' && contains(data[i], sweep)) {
            return moco_error_set(MOCO_EINVALID,
                                  "%s: the folder of the sweep is in the data %s; choose a folder beside it (--out), "
                                  "since the plots of its runs would become images",
                                  sweep, data[i]);
        }
    }
    return MOCO_OK;
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
        if (status != MOCO_OK) {
            return status;
        }
    }
    return MOCO_OK;
}
