/*
 * Finds runs below folders, and reads their states, settings and metrics.
 */
#include "commands/run_list.h"

#include "cli/output.h"
#include "cli/output_path.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 4 }; /* of folders below the given one */

static bool is_run(const char *folder)
{
    return exists_in(folder, "metrics.jsonl") || (exists_in(folder, "config.yaml") && exists_in(folder, "train.log"));
}

static moco_status read_config(run_entry *entry)
{
    char path[2 * MOCO_PATH_MAX];
    if (!exists_in(entry->path, "config.yaml")) {
        return MOCO_OK;
    }
    moco_config *config = malloc(sizeof *config);
    if (config == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for a configuration");
    }
    moco_config_init(config, sizeof *config);
    (void)snprintf(path, sizeof path, "%s/config.yaml", entry->path);
    const moco_status status = moco_config_load(config, path);
    if (status == MOCO_OK) {
        entry->config = config;
    } else {
        free(config);
    }
    return status;
}

/* Takes the position of a run whose metrics are lost from its newest checkpoint. */
static void find_position(run_entry *entry)
{
    char path[MOCO_PATH_MAX];
    moco_config config;
    moco_position position;
    moco_config_init(&config, sizeof config);
    output_show_log(false);
    if (moco_checkpoint_find(path, sizeof path, entry->path) == MOCO_OK &&
        moco_checkpoint_read_config(&config, &position, path) == MOCO_OK) {
        entry->info.step = position.step;
        entry->info.epoch = (double)position.epoch;
    }
    output_show_log(true);
}

/* Reads a run's state and settings; fails if a line of its metrics cannot be read. */
static moco_status inspect(run_entry *entry)
{
    run_metric metric;
    moco_status status = moco_run_inspect(&entry->info, entry->path);
    if (status == MOCO_OK && !exists_in(entry->path, "metrics.jsonl")) {
        find_position(entry);
    }
    if (status == MOCO_OK) {
        status = run_metric_read(&metric, entry, "loss");
    }
    return status == MOCO_OK ? read_config(entry) : status;
}

static bool is_listed(const run_list *list, const struct stat *folder)
{
    bool listed = false;
    for (size_t i = 0; i < list->count; ++i) {
        listed = listed || (list->entries[i].device == folder->st_dev && list->entries[i].number == folder->st_ino);
    }
    return listed;
}

/* Prints and counts a run that cannot be read; the others are still shown. */
static moco_status add(run_list *list, const char *path, const char *name)
{
    struct stat folder = { .st_ino = 0 };
    list->found += 1;
    if (stat(path, &folder) == 0 && is_listed(list, &folder)) {
        return MOCO_OK;
    }
    run_entry *grown = realloc(list->entries, (list->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu runs", list->count + 1);
    }
    list->entries = grown;
    run_entry *entry = &grown[list->count];
    memset(entry, 0, sizeof *entry);
    entry->device = folder.st_dev;
    entry->number = folder.st_ino;
    (void)snprintf(entry->path, sizeof entry->path, "%s", path);
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    const moco_status status = inspect(entry);
    if (status == MOCO_ENOMEM) {
        return status;
    }
    if (status != MOCO_OK) {
        (void)say_failure();
        list->unread += 1;
        return MOCO_OK;
    }
    list->count += 1;
    return MOCO_OK;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' ? 1 : 0;
}

/* Says that runs below a folder, if there are any, are left out. */
static void warn_closed(run_list *list, const char *what, const char *folder)
{
    moco_log(MOCO_LOG_WARNING, "%s: cannot %s: %s", folder, what, strerror(errno));
    list->closed += 1;
}

/* Adds the runs below a folder; `skip` bytes of their paths are not part of their names.
 * NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH bounds it. */
static moco_status search(run_list *list, const char *folder, size_t skip, int depth)
{
    struct dirent **entries = NULL;
    moco_status status = MOCO_OK;
    if (is_run(folder)) {
        const char *slash = strrchr(folder, '/');
        return add(list, folder, strlen(folder) > skip ? folder + skip : slash != NULL ? slash + 1 : folder);
    }
    const int count = depth < MAX_DEPTH ? scan_folder(folder, &entries, is_shown) : 0;
    if (count < 0) {
        warn_closed(list, "list the folder", folder);
    }
    for (int i = 0; i < count; ++i) {
        char path[MOCO_PATH_MAX];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        errno = 0;
        if (status == MOCO_OK && length < (int)sizeof path && is_folder(path)) {
            status = search(list, path, skip, depth + 1);
        } else if (errno != 0 && errno != ENOENT) { /* a link may lead nowhere */
            warn_closed(list, "look at it", path);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

moco_status run_list_read(run_list *out, const char *const *folders, size_t count)
{
    *out = (run_list){ .count = 0 };
    for (size_t i = 0; i < count; ++i) {
        char folder[MOCO_PATH_MAX];
        (void)snprintf(folder, sizeof folder, "%s", folders[i]);
        for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; --end) {
            folder[end - 1] = '\0';
        }
        const char *fault = folder_fault(folder);
        if (fault != NULL) {
            return moco_error_set(MOCO_ENOTFOUND, "%s: %s; give a folder with runs", folder, fault);
        }
        const size_t before = out->found;
        const moco_status status = search(out, folder, count == 1 ? strlen(folder) + 1 : 0, 0);
        if (status != MOCO_OK) {
            return status;
        }
        if (out->found == before) {
            return out->closed > 0
                       ? moco_error_set(
                             MOCO_EIO,
                             "%s: no run was found, but there are folders that cannot be read; check the permissions",
                             folder)
                       : moco_error_set(MOCO_ENOTFOUND,
                                        "%s: there is no run in this folder or below; moco train makes one", folder);
        }
    }
    return MOCO_OK;
}

moco_status run_list_check(const run_list *list)
{
    return list->unread == 0
               ? MOCO_OK
               : moco_error_set(MOCO_EFORMAT, "%zu of %zu runs cannot be read and %s left out; repair or remove %s",
                                list->unread, list->unread + list->count, list->unread == 1 ? "is" : "are",
                                list->unread == 1 ? "it" : "them");
}

void run_list_free(run_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        free(list->entries[i].config);
    }
    free(list->entries);
    *list = (run_list){ .count = 0 };
}

void run_setting(char text[SETTING_SIZE], const run_entry *entry, const moco_option *option)
{
    if (entry->config == NULL || moco_config_get(entry->config, option, text, SETTING_SIZE) != MOCO_OK) {
        (void)snprintf(text, SETTING_SIZE, "?");
    }
}

bool run_list_differs(const run_list *list, const moco_option *option)
{
    char first[SETTING_SIZE] = "";
    char text[SETTING_SIZE];
    bool known = false;
    bool differs = false;
    if (option->per_host && strcmp(option->name, "data") != 0) {
        return false;
    }
    for (size_t i = 0; i < list->count; ++i) {
        if (list->entries[i].config != NULL) {
            run_setting(known ? text : first, &list->entries[i], option);
            differs = differs || (known && strcmp(first, text) != 0);
            known = true;
        }
    }
    return differs;
}

bool run_metric_falls(const char *name)
{
    const char *loss = strstr(name, "loss");
    return loss != NULL && strcmp(loss, "loss") == 0;
}

moco_status run_metric_read(run_metric *out, const run_entry *entry, const char *name)
{
    moco_series series = { 0, NULL, NULL, NULL };
    *out = (run_metric){ NAN, NAN, NAN, 0 };
    if (!exists_in(entry->path, "metrics.jsonl")) {
        return MOCO_OK;
    }
    const moco_status status = moco_series_read(&series, entry->path, name);
    for (size_t i = 0; i < series.count; ++i) {
        const double value = series.values[i];
        out->last = value;
        const bool is_better = isnan(out->best) || (run_metric_falls(name) ? value < out->best : value > out->best);
        if (series.steps[i] > 0 && is_better) { /* there is no checkpoint of the network before training */
            out->best = value;
            out->best_epoch = series.epochs[i];
            out->best_step = (uint64_t)series.steps[i];
        }
    }
    moco_series_free(&series);
    return status;
}

static bool is_checkpoint(const char *path)
{
    const bool is_there = access(path, F_OK) == 0;
    if (!is_there && errno != ENOENT && errno != ENOTDIR) {
        moco_log(MOCO_LOG_WARNING, "%s: cannot tell whether this checkpoint is there: %s", path, strerror(errno));
    }
    return is_there;
}

bool run_best_checkpoint(char path[MOCO_PATH_MAX], const run_entry *entry, const run_metric *metric)
{
    const int length = snprintf(path, MOCO_PATH_MAX, "%s/checkpoints/best.safetensors", entry->path);
    if (length < MOCO_PATH_MAX && is_checkpoint(path)) {
        return true;
    }
    return !isnan(metric->best) &&
           moco_checkpoint_path(path, MOCO_PATH_MAX, entry->path, metric->best_step) == MOCO_OK && is_checkpoint(path);
}
