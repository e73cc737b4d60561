/*
 * Starts this program again, once a rank, and looks after the processes until all have ended.
 */
#ifndef MOCO_TOOLS_COMMANDS_SPAWN_H
#define MOCO_TOOLS_COMMANDS_SPAWN_H

#include <stdbool.h>

typedef struct spawn_plan {
    int count;      /* processes on this host */
    int first_rank; /* of this host's */
    int world;      /* processes on all hosts */
    const char *address;
    int port;
} spawn_plan;

/* Keeps the command line for the processes; to be called first. */
void spawn_remember(char **argv);

/* Whether this process was started by spawn_run(). */
bool spawn_is_child(void);

/*
 * Starts the processes with torchrun's environment, passes signals on to them, and returns the exit code of the run:
 * that of the first process that failed, if any. After a failure the others have some seconds to end by themselves.
 */
int spawn_run(const spawn_plan *plan);

#endif
