/*
 * What train and resume share: the run itself and how it ends.
 */
#ifndef MOCO_TOOLS_RUN_H
#define MOCO_TOOLS_RUN_H

#include "command.h"

/* Catches signals, trains (@p config) or resumes (@p config NULL) the run in a folder, and reports the end; returns
 * the exit code. */
int run_training(const moco_config *config, const char *run);

#endif
