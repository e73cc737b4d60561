/*
 * Draws a metric of many runs against one of their settings.
 */
#ifndef MOCO_TOOLS_COMMANDS_PLOT_RUNS_H
#define MOCO_TOOLS_COMMANDS_PLOT_RUNS_H

#include <moco.h>

typedef struct plot_runs_job {
    const char *const *folders;
    size_t folder_count;
    const char *metric, *x, *by; /* by: empty: one line */
    bool best;                   /* of each run, instead of the last */
    moco_picture format;
    const char *out;
} plot_runs_job;

/* Reads the runs, prints the means over those with equal settings, and draws them. */
moco_status plot_runs(const plot_runs_job *job);

#endif
