/* Lets ranks report a failure and ask each other how far they are, through the store. */
#include "ranks/alarm_internal.h"

#include "base/clock_internal.h"
#include "base/comm_internal.h"
#include "ranks/store_keys_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 4000 }; /* milliseconds that ranks have to answer; their threads look at the alarm every second */

static void put(moco__alarm *alarm, const char *key, const char *text)
{
    if (!alarm->store_gone && moco__store_set(alarm->store, key, text) == MOCO_EPEER) {
        alarm->store_gone = true;
    }
}

/* Whether a key is set; its text goes to the buffer. */
static bool look(moco__alarm *alarm, const char *key, char *buffer, size_t size)
{
    if (alarm->store_gone) {
        return false;
    }
    const moco_status status = moco__store_get(buffer, size, alarm->store, key);
    alarm->store_gone = status == MOCO_EPEER;
    return status == MOCO_OK;
}

static void answer(moco__alarm *alarm, moco_comm_position at)
{
    char key[MOCO__STORE_KEY_SIZE];
    char text[64];
    (void)snprintf(text, sizeof text, "%" PRIu64 " %d", at.entered, at.inside ? 1 : 0);
    put(alarm, moco__store_key(key, "here", alarm->rank), text);
}

/* Whether a rank has answered. */
static bool read_answer(moco__alarm *alarm, int32_t rank)
{
    char key[MOCO__STORE_KEY_SIZE];
    char text[64];
    moco__answer *a = &alarm->answers[rank];
    if (!a->failed && look(alarm, moco__store_key(key, "failed", rank), a->message, sizeof a->message)) {
        a->failed = true;
    }
    if (!a->here && look(alarm, moco__store_key(key, "here", rank), text, sizeof text)) {
        char *end = NULL;
        a->position.entered = strtoull(text, &end, 10);
        a->here = end != text;
        a->position.inside = strcmp(end, " 1") == 0;
    }
    return a->here || a->failed;
}

static bool read_answers(moco__alarm *alarm)
{
    int32_t answered = 0;
    for (int32_t r = 0; r < alarm->world; ++r) {
        answered += read_answer(alarm, r) ? 1 : 0;
    }
    return answered == alarm->world;
}

bool moco__alarm_is_raised(moco__alarm *alarm)
{
    char text[8];
    return look(alarm, MOCO__ALARM_KEY, text, sizeof text);
}

static void leave(moco__alarm *alarm)
{
    char key[MOCO__STORE_KEY_SIZE];
    put(alarm, moco__store_key(key, "left", alarm->rank), "1");
}

void moco__alarm_ask_all(moco__alarm *alarm, const moco_comm *comm)
{
    if (alarm->asked) {
        return;
    }
    alarm->asked = true;
    put(alarm, MOCO__ALARM_KEY, "1");
    answer(alarm, moco__comm_where(comm));
    const double deadline = moco__now() + ANSWER_MS / 1e3;
    bool late = false;
    while (!read_answers(alarm) && !alarm->store_gone && !late) {
        moco__store_pause();
        late = moco__now() > deadline; /* one more look follows: this rank may have slept past the answers */
    }
    leave(alarm);
}

void moco__alarm_report(moco__alarm *alarm, const char *message)
{
    char key[MOCO__STORE_KEY_SIZE];
    put(alarm, moco__store_key(key, "failed", alarm->rank), message);
    leave(alarm);
    put(alarm, MOCO__ALARM_KEY, "1");
}

/* Whether a rank has left, or has never answered. */
static bool needs_nothing(moco__alarm *alarm, int32_t rank)
{
    char key[MOCO__STORE_KEY_SIZE];
    char text[8];
    const bool lost = alarm->asked && !alarm->answers[rank].here && !alarm->answers[rank].failed;
    return lost || look(alarm, moco__store_key(key, "left", rank), text, sizeof text);
}

static bool all_need_nothing(moco__alarm *alarm)
{
    for (int32_t r = 1; r < alarm->world; ++r) {
        if (!needs_nothing(alarm, r)) {
            return false;
        }
    }
    return true;
}

void moco__alarm_linger(moco__alarm *alarm)
{
    const double deadline = moco__now() + MOCO__LINGER_MS / 1e3;
    while (alarm->rank == 0 && !alarm->store_gone && !all_need_nothing(alarm) && moco__now() < deadline) {
        moco__store_pause();
    }
}
