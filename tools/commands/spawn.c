/*
 * Starts this program once per rank, and watches the processes until all have ended.
 */
#include "commands/spawn.h"

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
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 20,
    GRACE_S = 10, /* seconds for the others to find out and report what happened */
    KILL_S = 5,   /* seconds from SIGTERM to SIGKILL */
    TOKEN_BYTES = 16
};

static const char child_sign[] = "MOCO_CHILD";
static const char token_name[] = "MOCO_RUN_TOKEN";

static char **command_line;

typedef struct process {
    pid_t pid; /* 0: ended */
} process;

/* The processes of this host, and the state of the run. */
typedef struct family {
    const spawn_plan *plan;
    process *processes;
    int running;
    int code;         /* of the run */
    double failed_at; /* 0: nothing failed yet */
    int passed_on;    /* the signal that the processes were sent; 0: none */
    bool terminated, killed;
} family;

void spawn_remember(char **argv)
{
    command_line = argv;
}

bool spawn_is_child(void)
{
    return getenv(child_sign) != NULL;
}

static void set_number(const char *name, int value)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", value);
    (void)setenv(name, text, 1);
}

/* Runs in the new process. Puts its rank into the environment, leaves the terminal's process group so that ^C comes
 * only once, from the parent, and asks to end with the parent. */
static void become_child(const spawn_plan *plan, int local_rank, pid_t parent)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(EXIT_FAILED);
    }
    (void)setenv(child_sign, "1", 1);
    set_number("RANK", plan->first_rank + local_rank);
    set_number("WORLD_SIZE", plan->world);
    set_number("LOCAL_RANK", local_rank);
    set_number("LOCAL_WORLD_SIZE", plan->count);
    (void)setenv("MASTER_ADDR", plan->address, 1);
    set_number("MASTER_PORT", plan->port);
    (void)unsetenv("TORCHELASTIC_USE_AGENT_STORE");
    const int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        if (plan->first_rank + local_rank > 0) {
            (void)dup2(null, STDOUT_FILENO);
        }
        (void)close(null);
    }
    (void)execv("/proc/self/exe", command_line);
    _exit(EXIT_FAILED);
}

/* Draws a token for the processes of this host, by which they know each other. Those of other hosts cannot know it: for
 * them a person sets the variable. */
static bool make_token(const spawn_plan *plan)
{
    uint8_t random[TOKEN_BYTES];
    char text[2 * TOKEN_BYTES + 1];
    const char *given = getenv(token_name);
    if ((given != NULL && *given != '\0') || plan->count < plan->world) {
        return true;
    }
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    for (size_t i = 0; i < TOKEN_BYTES; ++i) {
        (void)snprintf(text + 2 * i, 3, "%02x", random[i]);
    }
    return setenv(token_name, text, 1) == 0;
}

static void send_all(const family *f, int number)
{
    for (int i = 0; i < f->plan->count; ++i) {
        if (f->processes[i].pid != 0) {
            (void)kill(f->processes[i].pid, number);
            (void)kill(f->processes[i].pid, SIGCONT); /* a stopped process takes no other signal */
        }
    }
}

static bool start_all(family *f)
{
    const pid_t parent = getpid();
    (void)fflush(NULL);
    for (int i = 0; i < f->plan->count; ++i) {
        const pid_t pid = fork();
        if (pid < 0) {
            f->code = say_error("cannot start process %d of %d: %s", i + 1, f->plan->count, strerror(errno));
            send_all(f, SIGKILL);
            return false;
        }
        if (pid == 0) {
            become_child(f->plan, i, parent);
        }
        f->processes[i].pid = pid;
        f->running += 1;
    }
    return true;
}

/* Notes the end of a process. If this program ended it, that is not a new failure. */
static void note_end(family *f, int local_rank, int status)
{
    const int rank = f->plan->first_rank + local_rank;
    const int code = WIFSIGNALED(status) ? EXIT_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
    if (WIFSIGNALED(status) && !f->terminated && WTERMSIG(status) != f->passed_on) {
        (void)say_error("rank %d (pid %ld) was ended by signal %d (%s)", rank, (long)f->processes[local_rank].pid,
                        WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    f->processes[local_rank].pid = 0;
    f->running -= 1;
    if (code != EXIT_OK && f->code == EXIT_OK) {
        f->code = WIFSIGNALED(status) && signals_caught() == 0 ? EXIT_FAILED : code;
        f->failed_at = clock_now();
    }
}

static void collect(family *f)
{
    int status;
    for (int i = 0; i < f->plan->count; ++i) {
        if (f->processes[i].pid != 0 && waitpid(f->processes[i].pid, &status, WNOHANG) == f->processes[i].pid) {
            note_end(f, i, status);
        }
    }
}

/* Ends the other processes some time after a failure. */
static void press(family *f)
{
    const double since = f->failed_at > 0 ? clock_now() - f->failed_at : 0;
    if (since > GRACE_S && !f->terminated) {
        f->terminated = true;
        send_all(f, SIGTERM);
    }
    if (since > GRACE_S + KILL_S && !f->killed) {
        f->killed = true;
        send_all(f, SIGKILL);
    }
}

static void wait_for_all(family *f)
{
    while (f->running > 0) {
        const struct timespec pause = { 0, POLL_MS * 1000000L };
        (void)nanosleep(&pause, NULL);
        if (signals_caught() != 0 && f->passed_on == 0) {
            f->passed_on = signals_caught();
            send_all(f, f->passed_on);
        }
        collect(f);
        press(f);
    }
}

int spawn_run(const spawn_plan *plan)
{
    family f = { .plan = plan, .processes = calloc((size_t)plan->count, sizeof *f.processes), .code = EXIT_OK };
    if (f.processes == NULL) {
        return say_error("out of memory");
    }
    if (!make_token(plan)) {
        free(f.processes);
        return say_error("cannot draw a token for the processes: %s", strerror(errno));
    }
    signals_catch();
    (void)start_all(&f);
    wait_for_all(&f);
    free(f.processes);
    /* A rank that heard of the stop from another one does not know which signal it was. */
    return signals_caught() != 0 && f.code > EXIT_SIGNAL_BASE ? EXIT_SIGNAL_BASE + signals_caught() : f.code;
}
