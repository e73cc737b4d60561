/* Reads what a command of the shell writes, and says how the command ended. */
#ifndef MOCO_FORMATS_COMMAND_SOURCE_INTERNAL_H
#define MOCO_FORMATS_COMMAND_SOURCE_INTERNAL_H

#include "moco/error.h"

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct moco__command {
    const char *path; /* "pipe:COMMAND"; borrowed */
    pid_t pid;        /* 0: it has ended */
    int descriptor;   /* to read from; -1: closed */
    int status;       /* as waitpid() gave it, once it has ended */
} moco__command;

/* Returns whether a path is a command, which begins with "pipe:". */
bool moco__command_is(const char *path);
/* Starts a command in a new process group, with the standard error of this process. */
moco_status moco__command_start(moco__command *command, const char *path);
/* Reads up to `count` bytes; *got is 0 only when the command has ended without an error. */
moco_status moco__command_read(moco__command *command, void *out, size_t count, size_t *got);
/* Ends a command that still runs, and waits for it. */
void moco__command_stop(moco__command *command);

#ifdef __cplusplus
}
#endif

#endif
