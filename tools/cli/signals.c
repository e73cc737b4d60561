/*
 * Catches the signals that end a run. The first lets the run write a checkpoint and stop; a second SIGINT ends the
 * process at once.
 */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    if (caught != 0 && number == SIGINT) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    caught = number;
}

void signals_catch(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
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

int signals_caught(void)
{
    return (int)caught;
}

const char *signals_name(int number)
{
    return number == SIGINT ? "SIGINT" : number == SIGTERM ? "SIGTERM" : number == SIGHUP ? "SIGHUP" : "a signal";
}
