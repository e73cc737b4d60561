/*
 * Runs programs, some at a time, each with its output in a file.
 */
#include "commands/sweep_pool.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 50 };

typedef struct slot {
    pid_t pid; /* 0: free */
    size_t number;
    double started;
    long log_start; /* bytes that the log had before */
} slot;

/* Runs in the new process. It leaves the terminal's process group so that ^C comes only once, from the parent, and asks
 * to end with the parent. */
static void become_job(const pool_job *job, pid_t parent)
{
    char name[] = "moco";
    char *argv[POOL_WORDS + 1] = { name };
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(EXIT_FAILED);
    }
    for (size_t i = 0; i + 1 < POOL_WORDS && job->words[i] != NULL; ++i) {
        argv[i + 1] = job->words[i];
    }
    if (job->gpus != NULL) {
        (void)setenv("CUDA_VISIBLE_DEVICES", job->gpus, 1);
    }
    const int null = open("/dev/null", O_RDONLY);
    const int log = open(job->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (null < 0 || log < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0) {
        _exit(EXIT_FAILED);
    }
    (void)close(null);
    (void)close(log);
    (void)execv("/proc/self/exe", argv);
    _exit(EXIT_FAILED);
}

static bool start(slot *s, const pool_job *job)
{
    const pid_t parent = getpid();
    struct stat log;
    const long size = stat(job->log, &log) == 0 ? (long)log.st_size : 0;
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        become_job(job, parent);
    }
    *s = (slot){ pid > 0 ? pid : 0, job->number, clock_now(), size };
    return pid > 0;
}

static void collect(slot *slots, size_t count, const pool_client *client)
{
    int status = 0;
    for (size_t i = 0; i < count; ++i) {
        slot *s = &slots[i];
        if (s->pid != 0 && waitpid(s->pid, &status, WNOHANG) == s->pid) {
            const int code = WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
            s->pid = 0;
            client->ended(s->number, code, clock_now() - s->started, s->log_start, client->payload);
        }
    }
}

static void pass_on(const slot *slots, size_t count, int number)
{
    for (size_t i = 0; i < count; ++i) {
        if (slots[i].pid != 0) {
            (void)kill(slots[i].pid, number);
            (void)kill(slots[i].pid, SIGCONT); /* a stopped process takes no other signal */
        }
    }
}

static size_t running(const slot *slots, size_t count)
{
    size_t jobs = 0;
    for (size_t i = 0; i < count; ++i) {
        jobs += slots[i].pid != 0 ? 1 : 0;
    }
    return jobs;
}

/* Fills the free slots; returns false if there is nothing more to start. */
static bool fill(slot *slots, size_t count, const pool_client *client, int *code)
{
    static pool_job job;
    for (size_t i = 0; i < count; ++i) {
        if (slots[i].pid != 0) {
            continue;
        }
        memset(&job, 0, sizeof job);
        if (!client->next(&job, i, client->payload)) {
            return false;
        }
        if (!start(&slots[i], &job)) {
            *code = say_error("cannot start a process: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

int pool_run(const pool_client *client, size_t count)
{
    int code = EXIT_OK;
    int passed_on = 0;
    bool more = true;
    slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL) {
        return say_error("out of memory");
    }
    signals_catch();
    signals_catch_warnings(); /* each run can write a checkpoint */
    do {
        const struct timespec pause = { 0, POLL_MS * 1000000L };
        if (signals_caught() != 0 && passed_on == 0) {
            passed_on = signals_caught();
            more = false;
            pass_on(slots, count, passed_on);
        }
        more = more && fill(slots, count, client, &code);
        if (running(slots, count) > 0) {
            (void)nanosleep(&pause, NULL);
        }
        collect(slots, count, client);
    } while (more || running(slots, count) > 0);
    free(slots);
    return code;
}
