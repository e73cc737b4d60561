/*
 * Checks a sweep before its runs: its folder, its data, and the runs that the folder holds already.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_CHECK_H
#define MOCO_TOOLS_COMMANDS_SWEEP_CHECK_H

#include "commands/sweep_grid.h"

/* Says what the data are. `processes`: of each run.
 * @return ::MOCO_EINVALID if a run is there with other settings, if something else is in its place, or if data or
 * processes do not fit */
moco_status sweep_check_folder(const sweep_grid *grid, int64_t processes);

#endif
