/*
 * Starts this program once per rank, and watches the processes until all have ended.
 */
#ifndef MOCO_TOOLS_COMMANDS_SPAWN_H
#define MOCO_TOOLS_COMMANDS_SPAWN_H

#include <stdbool.h>

typedef struct spawn_plan {
    int count;      /* processes on this host */
    int first_rank; /* on this host */
    int world;      /* processes on all hosts */
    const char *address;
    int port;
} spawn_plan;

/* Keeps the command line for the processes. Call this first. */
void spawn_remember(char **argv);

/* Returns whether spawn_run() started this process. */
bool spawn_is_child(void);

/*
 * Starts the processes with torchrun's environment, passes signals on to them, and returns the exit code of the run:
 * that of the first process that failed, if any. After a failure the others get some seconds before they are ended.
 */
int spawn_run(const spawn_plan *plan);

#endif
