/* Starts threads of the library's own. */
#include "base/thread_internal.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

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

static sigset_t pipe_alone(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    return set;
}

void moco__thread_block_pipe(sigset_t *before)
{
    const sigset_t set = pipe_alone();
    (void)pthread_sigmask(SIG_BLOCK, &set, before);
}

void moco__thread_unblock_pipe(const sigset_t *before)
{
    const sigset_t set = pipe_alone();
    const struct timespec at_once = { 0, 0 };
    if (sigismember(before, SIGPIPE) == 0) {
        while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
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
