/*
 * Runs a training for moco train and moco resume, and reports its end.
 */
#ifndef MOCO_TOOLS_COMMANDS_SESSION_H
#define MOCO_TOOLS_COMMANDS_SESSION_H

#include "commands/processes.h"

/* What to train. */
typedef struct run_job {
    const moco_config *config; /* NULL: resume the run with its settings */
    const char *run;           /* the folder of the run */
    bool resume_existing;      /* with a config: continue the run that the folder holds */
    const char *device;        /* without one: continue there; NULL: on the run's device */
    int64_t threads, epochs;   /* without one: new numbers; 0: the run's */
    const launch_settings *launch;
    const tool_command *command;
} run_job;

/* Catches signals, trains or resumes, as one or as several processes, and reports the end; returns the exit code. */
int run_training(const run_job *job);

#endif
