/*
 * Runs a training for moco train and moco resume, and reports its end.
 */
#ifndef MOCO_TOOLS_COMMANDS_SESSION_H
#define MOCO_TOOLS_COMMANDS_SESSION_H

#include "commands/processes.h"

/* Options of the commands that train. */
typedef struct session_settings {
    char on_signal[16];
    bool data_changed;
} session_settings;

#define SESSION_SETTINGS_INIT                                                                                          \
    {                                                                                                                  \
        .on_signal = "checkpoint"                                                                                      \
    }

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a bare name.
 * Rows of a command's table; `field` is the session_settings in the struct of its values. */
#define SESSION_OPTIONS(type, field)                                                                                   \
    { .name = "on-signal",                                                                                             \
      MOCO_NAME_OPTION(type, field.on_signal, "S", MOCO_NAMES("checkpoint", "requeue")),                               \
      .help = "what SIGUSR1 and SIGUSR2 do, by which SLURM warns of the end of a job (sbatch --signal=USR1@120). "     \
              "checkpoint: write a checkpoint and stop; requeue: also start the job again, by scontrol requeue" },     \
    {                                                                                                                  \
        .name = "data-changed", MOCO_BOOL_OPTION(type, field.data_changed),                                            \
        .help = "continue although the images are not those that the run was trained on; its epoch begins anew"        \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/* What to train. */
typedef struct run_job {
    const moco_config *config; /* NULL: resume the run with its settings */
    const char *run;           /* the folder of the run */
    bool resume_existing;      /* with a config: continue the run that the folder holds */
    const char *device;        /* without one: continue there; NULL: on the run's device */
    int64_t threads, epochs;   /* without one: new numbers; 0: the run's */
    int64_t max_steps;         /* the same */
    const char *data;          /* without one: where the images are now; NULL: where they were */
    const char *val_data;
    const char *pipe_data; /* commands that the command line gives, which may be run; NULL: none */
    const char *pipe_val_data;
    const session_settings *session;
    const launch_settings *launch;
    const tool_command *command;
} run_job;

/* Catches signals, trains or resumes, as one or as several processes, and reports the end; returns the exit code. */
int run_training(const run_job *job);

#endif
