/* Answers for a rank that is inside a collective, and finds out which rank failed, in a thread. */
#include "ranks/watch_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"
#include "base/thread_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    IDLE_MS = 1000,  /* milliseconds between two looks at the alarm */
    STORE_MS = 7000, /* milliseconds without an answer after which the store counts as dead */
    STOP_MS = 1500   /* milliseconds to wait for the thread to end */
};

/* What the owner wants the thread to do. */
typedef enum request { REQUEST_NONE, REQUEST_EXPLAIN, REQUEST_REPORT, REQUEST_LINGER, REQUEST_STOP } request;

/* Shared by the owner and the thread. The last one frees it, since a thread that hangs outlives its owner. */
struct moco__watch {
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* wakes the thread: there is a request */
    pthread_cond_t done; /* wakes the owner: the request is done */
    request request;
    int holders;
    bool ended; /* the thread has ended */

    _Atomic(moco_comm *) comm;
    char failure[MOCO__FAILURE_SIZE]; /* what to report */
    moco__alarm alarm;                /* used by the thread alone; the owner reads it after a request */
};

/* ---- The thread ---- */

/* Runs without the mutex, which the owner holds only to hand over a request. */
static void run_request(moco__watch *watch, request what)
{
    moco__alarm *alarm = &watch->alarm;
    if (what == REQUEST_REPORT) {
        moco__alarm_report(alarm, watch->failure);
    } else if (what == REQUEST_LINGER) {
        moco__alarm_linger(alarm);
    } else if (what == REQUEST_EXPLAIN || (!alarm->asked && moco__alarm_is_raised(alarm))) {
        moco__alarm_ask_all(alarm, atomic_load(&watch->comm));
        /* This rank may wait for its GPU, which waits for the failed one. */
        moco__comm_abort(atomic_load(&watch->comm));
    }
}

static void release(moco__watch *watch)
{
    (void)pthread_mutex_lock(&watch->mutex);
    const bool last = --watch->holders == 0;
    (void)pthread_mutex_unlock(&watch->mutex);
    if (last) {
        (void)pthread_cond_destroy(&watch->wake);
        (void)pthread_cond_destroy(&watch->done);
        (void)pthread_mutex_destroy(&watch->mutex);
        free(watch->alarm.answers);
        free(watch);
    }
}

static void *run_watch(void *argument)
{
    moco__watch *watch = argument;
    (void)pthread_mutex_lock(&watch->mutex);
    while (watch->request != REQUEST_STOP) {
        if (watch->request == REQUEST_NONE) {
            const struct timespec deadline = moco__deadline(IDLE_MS);
            (void)pthread_cond_timedwait(&watch->wake, &watch->mutex, &deadline);
        }
        const request what = watch->request;
        if (what == REQUEST_STOP) {
            break;
        }
        (void)pthread_mutex_unlock(&watch->mutex);
        run_request(watch, what);
        (void)pthread_mutex_lock(&watch->mutex);
        if (what != REQUEST_NONE && watch->request == what) {
            watch->request = REQUEST_NONE;
            (void)pthread_cond_signal(&watch->done);
        }
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    moco__store_free(watch->alarm.store);
    (void)pthread_mutex_lock(&watch->mutex);
    watch->ended = true;
    (void)pthread_cond_signal(&watch->done);
    (void)pthread_mutex_unlock(&watch->mutex);
    release(watch);
    return NULL;
}

/* ---- The owner ---- */

static moco__watch *allocate(moco_comm *comm)
{
    moco__watch *watch = moco__calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    moco__alarm *alarm = &watch->alarm;
    alarm->rank = moco_comm_rank(comm);
    alarm->world = moco_comm_world(comm);
    alarm->answers = moco__calloc((size_t)alarm->world, sizeof *alarm->answers);
    atomic_store(&watch->comm, comm);
    if (alarm->answers == NULL) {
        free(watch);
        return NULL;
    }
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&watch->mutex, NULL);
    (void)pthread_cond_init(&watch->wake, &monotonic);
    (void)pthread_cond_init(&watch->done, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    watch->holders = 1;
    return watch;
}

static int start_thread(moco__watch *watch)
{
    pthread_t thread;
    watch->holders = 2;
    const int error = moco__thread_start(&thread, "moco-watch", run_watch, watch);
    if (error == 0) {
        (void)pthread_detach(thread);
    } else {
        watch->holders = 1;
    }
    return error;
}

moco_status moco__watch_start(moco__watch **out, const moco_store *store, moco_comm *comm)
{
    moco__watch *watch = allocate(comm);
    if (watch == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = moco__store_clone(&watch->alarm.store, store);
    if (status != MOCO_OK) {
        release(watch);
        return status;
    }
    const int error = start_thread(watch);
    if (error != 0) {
        moco__store_free(watch->alarm.store);
        release(watch);
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: cannot start a thread: %s; " MOCO__THREAD_ADVICE,
                              strerror(error));
    }
    *out = watch;
    return MOCO_OK;
}

static bool is_done(const moco__watch *watch, request what)
{
    return what == REQUEST_STOP ? watch->ended : watch->request != what;
}

/* Gives the thread a request and waits until it is done. Returns false if that takes too long. */
static bool send_on(moco__watch *watch, request what, long patience_ms)
{
    const struct timespec deadline = moco__deadline(patience_ms);
    int error = 0;
    (void)pthread_mutex_lock(&watch->mutex);
    watch->request = what;
    (void)pthread_cond_signal(&watch->wake);
    while (error == 0 && !is_done(watch, what)) {
        error = pthread_cond_timedwait(&watch->done, &watch->mutex, &deadline);
    }
    const bool done = is_done(watch, what); /* perhaps just as the time ran out */
    (void)pthread_mutex_unlock(&watch->mutex);
    return done;
}

void moco__watch_explain(moco__watch *watch, char *buffer, size_t size, const char *reason, moco__name_of name_of,
                         const void *payload)
{
    const moco__alarm *alarm = &watch->alarm;
    const bool done = send_on(watch, REQUEST_EXPLAIN, STORE_MS);
    /* A thread that is not back may still write the answers. */
    const bool heard = done && (!alarm->store_gone || alarm->answers[alarm->rank].here);
    moco__blame(buffer, size, heard ? alarm->answers : NULL, alarm->world, reason, name_of, payload);
}

void moco__watch_report(moco__watch *watch, const char *message)
{
    (void)snprintf(watch->failure, sizeof watch->failure, "%s", message);
    (void)send_on(watch, REQUEST_REPORT, STORE_MS);
}

void moco__watch_linger(moco__watch *watch)
{
    (void)send_on(watch, REQUEST_LINGER, MOCO__LINGER_MS + STOP_MS);
}

void moco__watch_stop(moco__watch *watch)
{
    if (watch != NULL) {
        (void)send_on(watch, REQUEST_STOP, STOP_MS);
        atomic_store(&watch->comm, NULL);
        release(watch);
    }
}
