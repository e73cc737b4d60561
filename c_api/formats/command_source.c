/* Runs commands of the shell, and reads what they write. */
#include "formats/command_source_internal.h"

#include "base/files_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char prefix[] = "pipe:";

enum { GRACE_STEPS = 50, STEP_NS = 10000000, NOT_FOUND = 127 };

bool moco__command_is(const char *path)
{
    return strncmp(path, prefix, sizeof prefix - 1) == 0;
}

/* Signals that this program ignores or blocks mean what they usually mean to the command. */
static int spawn_shell(pid_t *pid, const char *text, int output)
{
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char *command = (char *)(uintptr_t)text; /* only read. NOLINT(performance-no-int-to-ptr) */
    char *argv[] = { shell, option, command, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int error = posix_spawn(pid, shell, &files, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return error;
}

moco_status moco__command_start(moco__command *command, const char *path)
{
    int ends[2];
    *command = (moco__command){ .path = path, .descriptor = -1 };
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return moco__files_cannot("make a pipe", path, errno);
    }
    const int error = spawn_shell(&command->pid, path + sizeof prefix - 1, ends[1]);
    (void)close(ends[1]);
    command->descriptor = ends[0];
    if (error != 0) {
        command->pid = 0;
        moco__command_stop(command);
        return moco_error_set(MOCO_EUNAVAILABLE, "%s: the command cannot be started: %s", path, strerror(error));
    }
    return MOCO_OK;
}

static void wait_for(moco__command *command)
{
    while (command->pid != 0 && waitpid(command->pid, &command->status, 0) < 0 && errno == EINTR) {
    }
    command->pid = 0;
}

/* Waits for a command that has written all, and says if it failed. */
static moco_status end(moco__command *command)
{
    wait_for(command);
    const int status = command->status;
    if (WIFSIGNALED(status)) {
        return moco_error_set(MOCO_EIO, "%s: the command was ended by signal %d (%s)", command->path, WTERMSIG(status),
                              strsignal(WTERMSIG(status)));
    }
    if (WEXITSTATUS(status) != 0) {
        return moco_error_set(MOCO_EIO, "%s: the command failed with exit status %d%s", command->path,
                              WEXITSTATUS(status), WEXITSTATUS(status) == NOT_FOUND ? ": it was not found" : "");
    }
    return MOCO_OK;
}

moco_status moco__command_read(moco__command *command, void *out, size_t count, size_t *got)
{
    ssize_t piece = 0;
    do {
        piece = read(command->descriptor, out, count);
    } while (piece < 0 && errno == EINTR);
    if (piece < 0) {
        return moco__files_cannot("read", command->path, errno);
    }
    *got = (size_t)piece;
    return piece == 0 ? end(command) : MOCO_OK;
}

void moco__command_stop(moco__command *command)
{
    const struct timespec pause = { 0, STEP_NS };
    if (command->descriptor >= 0) {
        (void)close(command->descriptor);
        command->descriptor = -1;
    }
    if (command->pid != 0) {
        (void)kill(-command->pid, SIGTERM);
    }
    for (int i = 0; i < GRACE_STEPS && command->pid != 0; ++i) {
        if (waitpid(command->pid, &command->status, WNOHANG) == command->pid) {
            command->pid = 0;
        } else {
            (void)nanosleep(&pause, NULL);
        }
    }
    if (command->pid != 0) {
        (void)kill(-command->pid, SIGKILL);
        wait_for(command);
    }
}
