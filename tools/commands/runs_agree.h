/*
 * Compares how metrics rank the moments of a run, and the runs, with how another metric does.
 */
#ifndef MOCO_TOOLS_COMMANDS_RUNS_AGREE_H
#define MOCO_TOOLS_COMMANDS_RUNS_AGREE_H

#include "commands/run_list.h"

/* Prints Spearman's correlation of each metric with the target, over the steps of each run at which both were measured,
 * and over the last such step of all runs. The step itself comes first: what it has, time alone explains. */
moco_status runs_agree_print(const run_list *list, const char *target, const char *const *metrics, size_t count,
                             bool json);

#endif
