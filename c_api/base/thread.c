/* Starts threads of the library's own. */
#include "base/thread_internal.h"

#include <signal.h>
#include <stddef.h>

int moco__thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *payload)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
    sigset_t blocked;
    sigset_t before;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
        (void)sigdelset(&blocked, faults[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const int error = pthread_create(out, NULL, run, payload);
    if (error == 0) {
        (void)pthread_setname_np(*out, name);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
