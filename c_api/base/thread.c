/* Starts threads of the library's own. */
#include "base/thread_internal.h"

#include <signal.h>

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

void moco__thread_team(size_t count, const char *name, void *(*run)(void *), void *payload)
{
    enum { THREADS_MAX = 256 };
    pthread_t others[THREADS_MAX];
    size_t started = 0;
    while (started + 1 < count && started < THREADS_MAX &&
           moco__thread_start(&others[started], name, run, payload) == 0) {
        ++started;
    }
    (void)run(payload);
    for (size_t i = 0; i < started; ++i) {
        (void)pthread_join(others[i], NULL);
    }
}
