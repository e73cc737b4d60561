/*
 * What train and resume share: the run itself and how it ends.
 */
#ifndef MOCO_TOOLS_COMMANDS_SESSION_H
#define MOCO_TOOLS_COMMANDS_SESSION_H

#include "commands/processes.h"

/* What to train, and how. */
typedef struct run_job {
    const moco_config *config; /* NULL: the run's own, which is resumed */
    const char *run;           /* its folder */
    bool goes_on;              /* with a config: where the folder holds a run already, that one */
    const launch_settings *launch;
    const tool_command *command;
} run_job;

/* Catches signals, trains or resumes, as one or as several processes, and reports the end; returns the exit code. */
int run_training(const run_job *job);

#endif
