/*
 * Compares the runs that a sweep's folder holds with those that it asks for.
 */
#ifndef MOCO_TOOLS_COMMANDS_SWEEP_CHECK_H
#define MOCO_TOOLS_COMMANDS_SWEEP_CHECK_H

#include "commands/sweep_grid.h"

/* @return ::MOCO_EINVALID if a run is there with other settings */
moco_status sweep_check_folder(const sweep_grid *grid);

#endif
