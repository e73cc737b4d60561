/*
 * Fuzzes what ranks read in the store: whatever others put there, a rank meets the others, agrees with them, and hears
 * who failed, or has an error with a message. The input is what the store answers, one answer after the other; at its
 * end the store is gone.
 */
#include "fuzz_file.h"

#include "base/comm_internal.h"
#include "base/store_seal_internal.h"
#include "ranks/peers_internal.h"

#include <string.h>
#include <time.h>

enum { NOT_SET = 0, GONE = 1, LONG = 2, MESSAGE_SIZE = 2048, TEXT_SIZE = 4096 };

static const uint8_t *answers;
static size_t answers_left;

static struct moco_comm {
    int32_t rank, world;
} comm;

static uint8_t next_byte(void)
{
    if (answers_left == 0) {
        return GONE;
    }
    --answers_left;
    return *answers++;
}

/* Nobody else is there to wait for. */
int nanosleep(const struct timespec *time, struct timespec *rest)
{
    (void)time;
    (void)rest;
    return 0;
}

/* ---- The store and the connections, in place of libtorch's ---- */

moco_status moco__store_open(moco_store **out, const moco_store_options *options)
{
    (void)options;
    *out = (moco_store *)&comm;
    return MOCO_OK;
}

moco_status moco__store_seal(moco_store *store, const char *token)
{
    (void)store;
    (void)token;
    return MOCO_OK;
}

void moco__store_free(moco_store *store)
{
    (void)store;
}

moco_status moco__store_set(moco_store *store, const char *key, const char *text)
{
    (void)store;
    return key[0] != '\0' && text != NULL ? MOCO_OK : moco_error_set(MOCO_EINVALID, "no key");
}

moco_status moco__store_add(int64_t *out, moco_store *store, const char *key, int64_t value)
{
    (void)store;
    (void)key;
    *out = value + next_byte() % 2;
    return MOCO_OK;
}

/* An answer is a number of bytes and these, or a number with another meaning. */
moco_status moco__store_get(char *buffer, size_t size, moco_store *store, const char *key)
{
    (void)store;
    (void)key;
    const uint8_t kind = next_byte();
    if (kind == NOT_SET) {
        return moco_error_set(MOCO_ENOTFOUND, "not set");
    }
    if (kind == GONE) {
        return moco_error_set(MOCO_EPEER, "gone");
    }
    size_t length = kind == LONG ? (size_t)next_byte() * 16 : (size_t)kind - LONG - 1;
    length = length < answers_left ? length : answers_left;
    if (length >= size) {
        return moco_error_set(MOCO_EINVALID, "too long");
    }
    memcpy(buffer, answers, length);
    buffer[length] = '\0';
    answers += length;
    answers_left -= length;
    return MOCO_OK;
}

moco_status moco__comm_create(moco_comm **out, const moco_comm_options *options)
{
    comm = (struct moco_comm){ options->rank, options->world };
    *out = &comm;
    return MOCO_OK;
}

void moco__comm_free(moco_comm *c)
{
    (void)c;
}

moco_status moco__comm_connect(moco_comm *c)
{
    (void)c;
    return MOCO_OK;
}

moco_status moco__comm_check(const moco_comm *c)
{
    (void)c;
    return MOCO_OK;
}

moco_comm_position moco__comm_where(const moco_comm *c)
{
    (void)c;
    return (moco_comm_position){ 3, true };
}

moco_status moco_comm_barrier(moco_comm *c)
{
    (void)c;
    return MOCO_OK;
}

/* ---- The watch, without its thread ---- */

moco_status moco__watch_start(moco__watch **out, const moco_store *store, moco_comm *c)
{
    (void)store;
    (void)c;
    *out = (moco__watch *)&comm;
    return MOCO_OK;
}

void moco__watch_explain(moco__watch *watch, char *buffer, size_t size, const char *reason, moco__name_of name_of,
                         const void *payload)
{
    (void)watch;
    moco__alarm alarm = { .rank = comm.rank, .world = comm.world };
    alarm.answers = calloc((size_t)comm.world, sizeof *alarm.answers);
    if (alarm.answers == NULL) {
        abort();
    }
    (void)moco__alarm_is_raised(&alarm);
    moco__alarm_ask_all(&alarm, &comm);
    moco__blame(buffer, size, alarm.store_gone ? NULL : alarm.answers, comm.world, reason, name_of, payload);
    if (memchr(buffer, '\0', size) == NULL || buffer[0] == '\0') {
        abort();
    }
    free(alarm.answers);
}

void moco__watch_report(moco__watch *watch, const char *message)
{
    (void)watch;
    (void)message;
}

void moco__watch_linger(moco__watch *watch)
{
    (void)watch;
}

void moco__watch_stop(moco__watch *watch)
{
    (void)watch;
}

/* ---- The conversation ---- */

static void talk(moco_peers *peers)
{
    char shared[TEXT_SIZE] = "batch: 32\n";
    char seen[MESSAGE_SIZE];
    (void)fuzz_took(moco_peers_agree(peers, "batch: 32\nseed: 1\n"));
    (void)fuzz_took(moco__peers_share(peers, shared, sizeof shared));
    if (memchr(shared, '\0', sizeof shared) == NULL) {
        abort();
    }
    (void)snprintf(seen, sizeof seen, "%s", moco_peers_name(peers, 1));
    (void)moco_error_set(MOCO_EPEER, "a connection broke");
    (void)fuzz_took(moco_peers_fail(peers, MOCO_EPEER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    moco_peers_options options = MOCO_PEERS_OPTIONS_INIT;
    moco_peers *peers = NULL;
    if (size == 0) {
        return 0;
    }
    launch.world = launch.local_world = 2 + data[0] % 3;
    launch.rank = launch.local_rank = (data[0] >> 2) % 2;
    options.timeout_s = 1e-9;
    answers = data + 1;
    answers_left = size - 1;
    if (fuzz_took(moco_peers_join(&peers, &launch, &options))) {
        talk(peers);
        moco_peers_free(peers);
    }
    return 0;
}
