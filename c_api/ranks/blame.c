/* Says which rank failed, from what the ranks answered to an alarm. */
#include "ranks/blame_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

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

/* What the ranks answered, and what they are called. */
typedef struct witnesses {
    const moco__answer *answers;
    int32_t world;
    moco__name_of name_of;
    const void *payload;
} witnesses;

/* How many collectives the rank that is furthest has begun. */
static uint64_t furthest(const witnesses *w)
{
    uint64_t most = 0;
    for (int32_t r = 0; r < w->world; ++r) {
        most = w->answers[r].position.entered > most ? w->answers[r].position.entered : most;
    }
    return most;
}

/* Lists the ranks that the test picks, each with its host. Returns false if it picks no rank. */
static bool say_ranks(sentence *s, const witnesses *w, bool (*picks)(const moco__answer *a, uint64_t most))
{
    const uint64_t most = furthest(w);
    const size_t before = s->used;
    for (int32_t r = 0; r < w->world; ++r) {
        const moco__answer *a = &w->answers[r];
        if (picks(a, most)) {
            say(s, "%srank %" PRId32 " (%s)", s->used > before ? ", " : "", r, w->name_of(w->payload, r));
            if (a->failed) {
                say(s, " failed: %s", a->message);
            }
        }
    }
    return s->used > before;
}

static bool has_failed(const moco__answer *a, uint64_t most)
{
    (void)most;
    return a->failed;
}

static bool is_lost(const moco__answer *a, uint64_t most)
{
    (void)most;
    return !a->here && !a->failed;
}

static bool is_behind(const moco__answer *a, uint64_t most)
{
    return a->here && (a->position.entered < most || (a->position.entered == most && !a->position.inside));
}

/* The worst that can be said of any rank. */
static void say_who(sentence *s, const witnesses *w)
{
    if (w->answers == NULL) {
        say(s, "rank 0 (%s), which serves the store, does not answer: it ended, or its network is cut",
            w->name_of(w->payload, 0));
        return;
    }
    if (say_ranks(s, w, has_failed)) {
        return;
    }
    if (say_ranks(s, w, is_lost)) {
        say(s, " does not answer: it was killed, it hangs, or its network is cut");
        return;
    }
    if (say_ranks(s, w, is_behind)) {
        say(s, " is alive, but has not reached the point at which the others wait for it");
        return;
    }
    say(s, "all ranks are alive, but a connection between them broke");
}

void moco__blame(char *buffer, size_t size, const moco__answer *answers, int32_t world, const char *reason,
                 moco__name_of name_of, const void *payload)
{
    const witnesses w = { answers, world, name_of, payload };
    sentence s = { buffer, size, 0 };
    buffer[0] = '\0';
    say_who(&s, &w);
    say(&s, " [%s]", reason);
}
