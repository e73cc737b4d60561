/*
 * Catches the signals that end a run. The first lets the run write a checkpoint and stop; a second SIGINT ends the
 * process at once, and those that it started.
 */
#include "cli/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t caught, warned;

/* The process that started this one and takes it along when it ends; 0: there is none. */
static volatile pid_t parent;

/* A second SIGINT, here or in the parent: that ended, which sends SIGTERM. */
static bool insists(int number)
{
    const bool is_orphan = parent != 0 && getppid() != parent;
    return caught != 0 && (number == SIGINT || (number == SIGTERM && caught == SIGINT && is_orphan));
}

static void on_signal(int number)
{
    if (number == SIGUSR1 || number == SIGUSR2) {
        warned = number;
    }
    if (insists(number)) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    caught = number;
}

void signals_catch(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGXCPU };
    int at_end_of_parent = 0;
    if (parent == 0 && prctl(PR_GET_PDEATHSIG, &at_end_of_parent) == 0 && at_end_of_parent != 0) {
        parent = getppid();
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
        struct sigaction action;
        /* nohup ignores SIGHUP, and a background job of a shell may ignore SIGINT: keep that. */
        if (sigaction(numbers[i], NULL, &action) != 0 || action.sa_handler == SIG_IGN) {
            continue;
        }
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        (void)sigemptyset(&action.sa_mask);
        (void)sigaction(numbers[i], &action, NULL);
    }
}

void signals_ignore_warnings(void)
{
    (void)signal(SIGUSR1, SIG_IGN);
    (void)signal(SIGUSR2, SIG_IGN);
}

void signals_catch_warnings(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGUSR1, &action, NULL);
    (void)sigaction(SIGUSR2, &action, NULL);
}

int signals_warned(void)
{
    return (int)warned;
}

int signals_caught(void)
{
    return (int)caught;
}

const char *signals_name(int number)
{
    switch (number) {
    case SIGINT:
        return "SIGINT";
    case SIGTERM:
        return "SIGTERM";
    case SIGXCPU:
        return "SIGXCPU";
    case SIGHUP:
        return "SIGHUP";
    case SIGUSR1:
        return "SIGUSR1";
    case SIGUSR2:
        return "SIGUSR2";
    default:
        return "a signal";
    }
}
