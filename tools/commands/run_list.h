/*
 * Finds runs below folders, and reads their states, settings and metrics.
 */
#ifndef MOCO_TOOLS_COMMANDS_RUN_LIST_H
#define MOCO_TOOLS_COMMANDS_RUN_LIST_H

#include <moco.h>

#include <sys/types.h>

enum { SETTING_SIZE = 128 };

typedef struct run_entry {
    char path[MOCO_PATH_MAX];
    char name[MOCO_PATH_MAX]; /* below the folder that was given, or its own if that is a run */
    moco_run_info info;
    moco_config *config; /* NULL: there is no config.yaml */
    dev_t device;
    ino_t number; /* of the folder */
} run_entry;

typedef struct run_list {
    run_entry *entries;
    size_t count;
    size_t unread; /* runs that were left out since they cannot be read */
    size_t found;  /* times that a run was found, which may be the same */
    size_t closed; /* folders that could not be looked into */
} run_list;

/* A metric over a run; NaN if the run has none. */
typedef struct run_metric {
    double last, best, best_epoch;
    uint64_t best_step;
} run_metric;

/* Reads all runs in and below the folders, by name. Says which cannot be read. Free the list in any case. */
moco_status run_list_read(run_list *out, const char *const *folders, size_t count);
/* Fails if runs were left out; call it when the others have been shown. */
moco_status run_list_check(const run_list *list);
void run_list_free(run_list *list);

/* Writes a setting of a run; "?" if it is unknown. */
void run_setting(char text[SETTING_SIZE], const run_entry *entry, const moco_option *option);
/* Whether runs differ in a setting that belongs to the experiment, not to its host. */
bool run_list_differs(const run_list *list, const moco_option *option);

moco_status run_metric_read(run_metric *out, const run_entry *entry, const char *name);
/* Whether a lower value of a metric is the better one. */
bool run_metric_falls(const char *name);
/* Gives the checkpoint of the best step; returns false if it is not there any more. */
bool run_best_checkpoint(char path[MOCO_PATH_MAX], const run_entry *entry, const run_metric *metric);

/* Orders the runs by a metric, the best first, by a setting, by "step", "state" or "name".
 * @return ::MOCO_EINVALID for another key */
moco_status run_list_sort(run_list *list, const char *key);

#endif
