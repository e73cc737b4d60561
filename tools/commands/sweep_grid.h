/*
 * Makes the runs of a sweep: every combination of the values that options were given.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_GRID_H
#define MOCO_TOOLS_COMMANDS_SWEEP_GRID_H

#include "cli/command.h"

enum { SWEEP_AXES = 8, SWEEP_VALUES = 64, SWEEP_VALUE_SIZE = 128, SWEEP_RUNS = 4096, SWEEP_NAME_SIZE = 240 };

/* An option with several values. */
typedef struct sweep_axis {
    const moco_option *option;
    char texts[SWEEP_VALUES][SWEEP_VALUE_SIZE]; /* as moco_config_get() writes them */
    size_t count;
} sweep_axis;

typedef struct sweep_grid {
    moco_config base;               /* with all options of one value */
    setting settings[MAX_SETTINGS]; /* those that the command line gave */
    size_t setting_count;
    sweep_axis axes[SWEEP_AXES]; /* the first varies fastest; seeds are last, so that results of one seed come early */
    size_t axis_count;
    size_t runs;
} sweep_grid;

/* Makes the grid. `grid->base` holds preset and configuration file; `seeds` of 0: as --seed says. Checks every run.
 * Returns EXIT_OK, or another code after a message. */
int sweep_grid_make(sweep_grid *grid, const arguments *args, int64_t seeds, const tool_command *command);

/* The value of an axis in a run. */
const char *sweep_grid_value(const sweep_grid *grid, size_t run, size_t axis);
/* Makes the configuration of a run; fails for none that sweep_grid_make() has checked. */
moco_status sweep_grid_config(moco_config *out, const sweep_grid *grid, size_t run);
/* Names a run by its values, as "queue-size-256_seed-0". */
void sweep_grid_name(char *name, size_t size, const sweep_grid *grid, size_t run);

#endif
