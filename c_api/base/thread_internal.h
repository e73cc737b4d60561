/* Starts threads of the library's own. */
#ifndef MOCO_BASE_THREAD_INTERNAL_H
#define MOCO_BASE_THREAD_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts a thread that blocks signals, so that the threads of the application get them. Faults stay deliverable.
 * Returns 0 or an errno. */
int moco__thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *payload);

/* What a user can do about a thread that cannot be started. */
#define MOCO__THREAD_ADVICE "raise the limit of threads (ulimit -u) or of memory (ulimit -v)"

/* Runs `run` on up to `count` threads, of which the calling one is the first, and waits for them. If fewer can be
 * started, these do the work. */
void moco__thread_team(size_t count, const char *name, void *(*run)(void *), void *payload);

/* Blocks SIGPIPE in the calling thread and in those that it starts: then writing to a process that is gone is an error.
 */
void moco__thread_block_pipe(sigset_t *before);
/* Forgets a SIGPIPE that came since, and sets what was blocked before. */
void moco__thread_unblock_pipe(const sigset_t *before);

/* Makes operations on tensors use the calling thread alone, beside those of other threads. */
void moco__thread_compute_alone(void);

#ifdef __cplusplus
}
#endif

#endif
