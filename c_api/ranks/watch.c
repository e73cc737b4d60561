/* See watch.h. */
#include "ranks/watch_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    IDLE_MS = 1000,      /* between two looks at the alarm */
    POLL_MS = 100,       /* between two looks for answers */
    ANSWER_MS = 4000,    /* how long ranks have to answer an alarm; their threads look every IDLE_MS */
    STORE_MS = 7000,     /* after which a store that says nothing is taken for dead */
    LINGER_MS = 8000,    /* how long rank 0 keeps the store open for the others */
    STOP_MS = 1500,      /* how long to wait for the thread's end */
    MESSAGE_SIZE = 1024, /* of what a rank says of its failure */
    KEY_SIZE = 48
};

/* What one rank said. */
typedef struct answer {
    bool here;
    bool failed;
    moco_comm_position position;
    char message[MESSAGE_SIZE]; /* of a failed one */
} answer;

/* What the owner wants of the thread. */
typedef enum errand { ERRAND_NONE, ERRAND_EXPLAIN, ERRAND_TELL, ERRAND_LINGER, ERRAND_STOP } errand;

/* Two hold it: the owner and the thread. The last one frees it, since a stuck thread outlives its owner. */
struct moco__watch {
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* for the thread: an errand */
    pthread_cond_t done; /* for the owner: the errand is done */
    errand errand;
    int holders;
    bool ended; /* the thread has */

    moco_store *store; /* the thread's */
    int32_t rank, world;
    _Atomic(const moco_comm *) comm;
    char told[MESSAGE_SIZE];
    atomic_bool store_gone;
    bool asked;      /* the thread has heard what the others say to the alarm */
    answer *answers; /* a rank each; valid once ERRAND_EXPLAIN is done */
};

static void sleep_ms(long ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    (void)nanosleep(&time, NULL);
}

/* ---- The thread ---- */

/* A rank's key: "here/3". */
static const char *key_of(char key[KEY_SIZE], const char *what, int32_t rank)
{
    (void)snprintf(key, KEY_SIZE, "%s/%" PRId32, what, rank);
    return key;
}

static void put(moco__watch *watch, const char *key, const char *text)
{
    if (!watch->store_gone && moco_store_set(watch->store, key, text) == MOCO_EPEER) {
        watch->store_gone = true;
    }
}

/* Whether a key is set; its text goes to the buffer. */
static bool look(moco__watch *watch, const char *key, char *buffer, size_t size)
{
    if (watch->store_gone) {
        return false;
    }
    const moco_status status = moco_store_get(buffer, size, watch->store, key);
    watch->store_gone = status == MOCO_EPEER;
    return status == MOCO_OK;
}

static void answer_alarm(moco__watch *watch)
{
    char key[KEY_SIZE];
    char text[64];
    const moco_comm_position at = moco_comm_where(atomic_load(&watch->comm));
    (void)snprintf(text, sizeof text, "%" PRIu64 " %d", at.entered, at.inside ? 1 : 0);
    put(watch, key_of(key, "here", watch->rank), text);
}

static bool read_answer(moco__watch *watch, int32_t rank)
{
    char key[KEY_SIZE];
    char text[64];
    answer *a = &watch->answers[rank];
    if (!a->failed && look(watch, key_of(key, "failed", rank), a->message, sizeof a->message)) {
        a->failed = true;
    }
    if (!a->here && look(watch, key_of(key, "here", rank), text, sizeof text)) {
        char *end = NULL;
        a->position.entered = strtoull(text, &end, 10);
        a->here = end != text;
        a->position.inside = strcmp(end, " 1") == 0;
    }
    return a->here || a->failed;
}

/* Raises the alarm, or answers one, and hears what the others say; once, whoever comes first: owner or alarm. */
static void ask_around(moco__watch *watch)
{
    char key[KEY_SIZE];
    if (watch->asked) {
        return;
    }
    watch->asked = true;
    put(watch, "alarm", "1");
    answer_alarm(watch);
    for (int waited = 0; waited <= ANSWER_MS && !watch->store_gone; waited += POLL_MS) {
        int32_t answered = 0;
        for (int32_t r = 0; r < watch->world; ++r) {
            answered += read_answer(watch, r) ? 1 : 0;
        }
        if (answered == watch->world) {
            break;
        }
        sleep_ms(POLL_MS);
    }
    put(watch, key_of(key, "left", watch->rank), "1");
}

static void linger(moco__watch *watch)
{
    char key[KEY_SIZE];
    char text[8];
    for (int waited = 0; watch->rank == 0 && waited <= LINGER_MS && !watch->store_gone; waited += POLL_MS) {
        bool all_left = true;
        for (int32_t r = 1; r < watch->world && all_left; ++r) {
            const bool lost = watch->asked && !watch->answers[r].here && !watch->answers[r].failed;
            all_left = lost || look(watch, key_of(key, "left", r), text, sizeof text);
        }
        if (all_left) {
            break;
        }
        sleep_ms(POLL_MS);
    }
}

/* Does the errand without the mutex, which the owner holds only to hand it over. */
static void run_errand(moco__watch *watch, errand what)
{
    char key[KEY_SIZE];
    if (what == ERRAND_TELL) {
        put(watch, key_of(key, "failed", watch->rank), watch->told);
        put(watch, key_of(key, "left", watch->rank), "1");
        put(watch, "alarm", "1");
    } else if (what == ERRAND_LINGER) {
        linger(watch);
    } else if (what == ERRAND_EXPLAIN || (!watch->asked && look(watch, "alarm", key, sizeof key))) {
        ask_around(watch);
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
        free(watch->answers);
        free(watch);
    }
}

static void *run_watch(void *argument)
{
    moco__watch *watch = argument;
    (void)pthread_mutex_lock(&watch->mutex);
    while (watch->errand != ERRAND_STOP) {
        if (watch->errand == ERRAND_NONE) {
            const struct timespec deadline = moco__deadline(IDLE_MS);
            (void)pthread_cond_timedwait(&watch->wake, &watch->mutex, &deadline);
        }
        const errand what = watch->errand;
        if (what == ERRAND_STOP) {
            break;
        }
        (void)pthread_mutex_unlock(&watch->mutex);
        run_errand(watch, what);
        (void)pthread_mutex_lock(&watch->mutex);
        if (what != ERRAND_NONE && watch->errand == what) {
            watch->errand = ERRAND_NONE;
            (void)pthread_cond_signal(&watch->done);
        }
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    moco_store_free(watch->store);
    (void)pthread_mutex_lock(&watch->mutex);
    watch->ended = true;
    (void)pthread_cond_signal(&watch->done);
    (void)pthread_mutex_unlock(&watch->mutex);
    release(watch);
    return NULL;
}

/* ---- The owner ---- */

static moco__watch *allocate(const moco_comm *comm)
{
    moco__watch *watch = moco__calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    watch->rank = moco_comm_rank(comm);
    watch->world = moco_comm_world(comm);
    atomic_store(&watch->comm, comm);
    watch->answers = moco__calloc((size_t)watch->world, sizeof *watch->answers);
    if (watch->answers == NULL) {
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

/* The thread takes no signals: they are for the application's. */
static int start_thread(moco__watch *watch)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    watch->holders = 2;
    const int error = pthread_create(&thread, NULL, run_watch, watch);
    if (error == 0) {
        (void)pthread_setname_np(thread, "moco-watch");
        (void)pthread_detach(thread);
    } else {
        watch->holders = 1;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

moco_status moco__watch_start(moco__watch **out, const moco_store *store, const moco_comm *comm)
{
    moco__watch *watch = allocate(comm);
    if (watch == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = moco_store_clone(&watch->store, store);
    if (status != MOCO_OK) {
        release(watch);
        return status;
    }
    const int error = start_thread(watch);
    if (error != 0) {
        moco_store_free(watch->store);
        release(watch);
        return moco_error_set(MOCO_EUNAVAILABLE, "peers: cannot start a thread: %s", strerror(error));
    }
    *out = watch;
    return MOCO_OK;
}

/* Gives the thread an errand and waits for it; false where it does not come back in time. */
static bool send_on(moco__watch *watch, errand what, long patience_ms)
{
    const struct timespec deadline = moco__deadline(patience_ms);
    int error = 0;
    (void)pthread_mutex_lock(&watch->mutex);
    watch->errand = what;
    (void)pthread_cond_signal(&watch->wake);
    while (error == 0 && (what == ERRAND_STOP ? !watch->ended : watch->errand == what)) {
        error = pthread_cond_timedwait(&watch->done, &watch->mutex, &deadline);
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    return error == 0;
}

/* How many collectives the rank that is furthest has begun. */
static uint64_t furthest(const moco__watch *watch)
{
    uint64_t most = 0;
    for (int32_t r = 0; r < watch->world; ++r) {
        most = watch->answers[r].position.entered > most ? watch->answers[r].position.entered : most;
    }
    return most;
}

typedef struct sentence {
    char *buffer;
    size_t size, used;
} sentence;

static void say(sentence *s, const char *format, ...) MOCO_PRINTF(2, 3);

static void say(sentence *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(s->buffer + s->used, s->size - s->used, format, args);
    va_end(args);
    if (length > 0) {
        s->used = s->used + (size_t)length < s->size ? s->used + (size_t)length : s->size - 1;
    }
}

/* Writes the ranks that the test picks, each with its host; false where there is none. */
static bool say_ranks(sentence *s, const moco__watch *watch, bool (*picks)(const answer *a, uint64_t most),
                      const char *(*name_of)(const void *payload, int32_t rank), const void *payload)
{
    const uint64_t most = furthest(watch);
    const size_t before = s->used;
    for (int32_t r = 0; r < watch->world; ++r) {
        const answer *a = &watch->answers[r];
        if (picks(a, most)) {
            say(s, "%srank %" PRId32 " (%s)", s->used > before ? ", " : "", r, name_of(payload, r));
            if (a->failed) {
                say(s, " failed: %s", a->message);
            }
        }
    }
    return s->used > before;
}

static bool has_failed(const answer *a, uint64_t most)
{
    (void)most;
    return a->failed;
}

static bool is_lost(const answer *a, uint64_t most)
{
    (void)most;
    return !a->here && !a->failed;
}

static bool is_behind(const answer *a, uint64_t most)
{
    return a->here && (a->position.entered < most || (a->position.entered == most && !a->position.inside));
}

void moco__watch_explain(moco__watch *watch, char *buffer, size_t size, const char *reason,
                         const char *(*name_of)(const void *payload, int32_t rank), const void *payload)
{
    sentence s = { buffer, size, 0 };
    buffer[0] = '\0';
    const bool heard = send_on(watch, ERRAND_EXPLAIN, STORE_MS);
    if (!heard || (watch->store_gone && !watch->answers[watch->rank].here)) {
        say(&s, "rank 0 (%s), where the store is, does not answer any more: it ended, or the network between is cut",
            name_of(payload, 0));
    } else if (say_ranks(&s, watch, has_failed, name_of, payload)) {
    } else if (say_ranks(&s, watch, is_lost, name_of, payload)) {
        say(&s, " does not answer: it was killed, it hangs, or its network is cut");
    } else if (say_ranks(&s, watch, is_behind, name_of, payload)) {
        say(&s, " is alive but did not come to where the others wait for it");
    } else {
        say(&s, "all ranks are alive, but a connection between them broke");
    }
    say(&s, " [%s]", reason);
}

void moco__watch_tell(moco__watch *watch, const char *message)
{
    (void)snprintf(watch->told, sizeof watch->told, "%s", message);
    (void)send_on(watch, ERRAND_TELL, STORE_MS);
}

void moco__watch_linger(moco__watch *watch)
{
    (void)send_on(watch, ERRAND_LINGER, LINGER_MS + STOP_MS);
}

void moco__watch_stop(moco__watch *watch)
{
    if (watch != NULL) {
        (void)send_on(watch, ERRAND_STOP, STOP_MS);
        atomic_store(&watch->comm, NULL);
        release(watch);
    }
}
