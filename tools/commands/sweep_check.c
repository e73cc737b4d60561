/*
 * Compares the runs that a sweep's folder holds with those that it asks for.
 */
#include "commands/sweep_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
            status = check_settings(&config, name);
        }
        if (status != MOCO_OK) {
            return status;
        }
    }
    return MOCO_OK;
}
