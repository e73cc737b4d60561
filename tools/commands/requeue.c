/*
 * Puts the SLURM job of this process back into its queue.
 */
#include "commands/requeue.h"

#include "cli/output.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *requeue_job(void)
{
    const char *job = getenv("SLURM_JOB_ID");
    return job != NULL && job[0] != '\0' ? job : NULL;
}

void requeue(void)
{
    char command[] = "scontrol";
    char action[] = "requeue";
    char job[64];
    char *const words[] = { command, action, job, NULL };
    pid_t child = 0;
    int state = 0;
    (void)snprintf(job, sizeof job, "%s", requeue_job());
    const int error = posix_spawnp(&child, command, NULL, NULL, words, environ);
    if (error != 0) {
        (void)say_error("cannot start scontrol requeue %s: %s; submit the job again", job, strerror(error));
        return;
    }
    while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
        (void)say_error("scontrol requeue %s failed; submit the job again", job);
        return;
    }
    say_note("job %s is in the queue again", job);
}
