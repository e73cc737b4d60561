/*
 * Checks a sweep before its runs: its folder, its data, and the runs that the folder holds already.
 */
#include "commands/sweep_check.h"

#include "cli/output_path.h"
#include "commands/data.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
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

/* ---- Places ---- */

/* Shortens a path to that of its folder. */
static void to_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(path, 2, ".");
    } else {
        slash[slash == path ? 1 : 0] = '\0';
    }
}

/* Checks that the folder of the sweep can be made, or is there and is not that of one run. */
static moco_status check_out(const char *out)
{
    char path[MOCO_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s", out);
    while (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR) && strcmp(path, ".") != 0) {
        to_parent(path);
    }
    const char *fault = folder_fault(path);
    if (fault != NULL) {
        return moco_error_set(MOCO_EINVALID, "--out %s: %s: %s; give another folder", out, path, fault);
    }
    if (access(path, W_OK | X_OK) != 0) {
        return moco_error_set(MOCO_EIO, "--out %s: nothing can be made in %s: %s", out, path, strerror(errno));
    }
    if (exists_in(out, "config.yaml") && exists_in(out, "train.log")) {
        return moco_error_set(MOCO_EINVALID,
                              "--out: %s is the folder of one run; give another folder, in which the sweep makes one "
                              "per run",
                              out);
    }
    return MOCO_OK;
}

/* Tells files that a run leaves if it ends before its configuration is there. */
static int is_foreign(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "train.log") != 0 &&
                   strcmp(entry->d_name, "metrics.jsonl") != 0 && strcmp(entry->d_name, "plots") != 0 &&
                   strncmp(entry->d_name, "events.out", strlen("events.out")) != 0
               ? 1
               : 0;
}

/* Checks that a run's folder is new, or that of a run. */
static moco_status check_run_folder(const char *run)
{
    struct dirent **entries = NULL;
    if (access(run, F_OK) != 0 || exists_in(run, "config.yaml") || exists_in(run, "checkpoints")) {
        return MOCO_OK;
    }
    const char *fault = folder_fault(run);
    if (fault != NULL) {
        return moco_error_set(MOCO_EINVALID, "%s, where a run's folder is to be: %s; move it, or give another --out",
                              run, fault);
    }
    const int count = scan_folder(run, &entries, is_foreign);
    moco_status status = MOCO_OK;
    if (count > 0) {
        status = moco_error_set(MOCO_EEXISTS, "%s holds %s, and no run; move that, or give another --out", run,
                                entries[0]->d_name);
    } else if (count < 0) {
        status = moco_error_set(MOCO_EIO, "%s: cannot list the folder: %s", run, strerror(errno));
    }
    for (int i = 0; i < count; ++i) {
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* ---- Data ---- */

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

/* Opens the data of a run, so that data which do not fit end the sweep and not each of its runs. Gives the number of
 * images. */
static moco_status check_data(size_t *count, const moco_config *asked)
{
    moco_dataset *images = NULL;
    *count = SIZE_MAX;
    if (data_is_command(asked->data) || data_is_command(asked->val_data)) {
        return MOCO_OK; /* commands are left to the runs */
    }
    const bool tests =
        asked->val_data[0] != '\0' && (asked->knn_every > 0 || asked->knn_steps > 0 || asked->knn_minutes > 0);
    moco_status status = data_open(&images, "data", asked->data, asked->format, MOCO_SPLIT_TRAIN, asked->skip_broken);
    if (status == MOCO_OK && tests) {
        status = check_pair(images, asked);
    }
    if (status == MOCO_OK) {
        *count = moco_dataset_count(images);
    }
    moco_dataset_free(images);
    return status;
}

/* Checks what a run checks when it knows its images and processes. */
static moco_status check_batch(const moco_config *asked, const char *name, size_t images, int64_t processes)
{
    const int64_t parts = processes * asked->accumulate;
    if ((size_t)asked->batch > images) {
        return moco_error_set(MOCO_EINVALID,
                              "run %s: %s has %zu images, fewer than a batch of %lld; use smaller batches", name,
                              asked->data, images, (long long)asked->batch);
    }
    if (asked->batch % parts != 0) {
        return moco_error_set(MOCO_EINVALID,
                              "run %s: a batch of %lld does not divide into %lld equal parts (processes x accumulate)",
                              name, (long long)asked->batch, (long long)parts);
    }
    if (!asked->sync_bn && asked->bn_splits % parts != 0) {
        return moco_error_set(
            MOCO_EINVALID,
            "run %s: %lld groups of batch norm (bn-splits) do not divide into %lld parts (processes x "
            "accumulate)",
            name, (long long)asked->bn_splits, (long long)parts);
    }
    return MOCO_OK;
}

/* ---- Runs that are there ---- */

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
    if (moco_config_load(&found, path) != MOCO_OK) {
        char why[2 * MOCO_PATH_MAX];
        (void)snprintf(why, sizeof why, "%s", moco_error_message());
        return moco_error_set(MOCO_EFORMAT, "run %s cannot be read: %s; repair the file, or delete the run's folder",
                              name, why);
    }
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
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
    return MOCO_OK;
}

moco_status sweep_check_folder(const sweep_grid *grid, int64_t processes)
{
    static moco_config config;
    static moco_config before;
    char name[SWEEP_NAME_SIZE];
    size_t images = SIZE_MAX;
    moco_status status = check_out(grid->base.out);
    for (size_t r = 0; r < grid->runs && status == MOCO_OK; ++r) {
        status = sweep_grid_config(&config, grid, r);
        sweep_grid_name(name, sizeof name, grid, r);
        if (status == MOCO_OK) {
            status = check_place(&config, grid->base.out);
        }
        if (status == MOCO_OK) {
            status = check_run_folder(config.out);
        }
        if (status == MOCO_OK) {
            status = check_settings(&config, name);
        }
        if (status == MOCO_OK && (r == 0 || !same_data(&config, &before))) {
            status = check_data(&images, &config);
        }
        if (status == MOCO_OK) {
            status = check_batch(&config, name, images, processes);
        }
        before = config;
    }
    return status;
}
