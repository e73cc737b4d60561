/*
 * Trains the runs of a sweep, as many at a time as fit.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_RUNS_H
#define MOCO_TOOLS_COMMANDS_SWEEP_RUNS_H

#include "commands/sweep_grid.h"

typedef struct sweep_plan {
    const sweep_grid *grid;
    const char *data;            /* NULL: config names it */
    const char *preset, *config; /* empty: none */
    int64_t parallel;            /* 0: as many as fit */
    int64_t nproc;               /* processes of a run */
} sweep_plan;

/* Trains what is not done yet. Returns the exit code. */
int sweep_train(const sweep_plan *plan);

/* Prints the runs and their states. Returns the exit code. */
int sweep_list(const sweep_plan *plan);

#endif
