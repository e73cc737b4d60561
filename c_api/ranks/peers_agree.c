/* Compares texts over the ranks, and gives every rank the text of rank 0. */
#include "base/handle_internal.h"
#include "ranks/peers_internal.h"
#include "ranks/store_keys_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_SIZE = 256,     /* bytes of a line quoted in a message */
    VERDICT_SIZE = 2048, /* bytes of what rank 0 found */
    TEXT_MAX = 1 << 24   /* bytes of a text, at most */
};

static void quote_line(char out[LINE_SIZE], const char *line, size_t length)
{
    const char *mark = length < LINE_SIZE - 4 ? "" : "...";
    (void)snprintf(out, LINE_SIZE, "%.*s%s", *mark == '\0' ? (int)length : LINE_SIZE - 4, line, mark);
}

/* Quotes the first line in which two texts differ. Returns false if they are the same. */
static bool first_difference(const char *a, const char *b, char line_a[LINE_SIZE], char line_b[LINE_SIZE])
{
    while (*a != '\0' || *b != '\0') {
        const size_t length_a = strcspn(a, "\n");
        const size_t length_b = strcspn(b, "\n");
        if (length_a != length_b || memcmp(a, b, length_a) != 0) {
            quote_line(line_a, a, length_a);
            quote_line(line_b, b, length_b);
            return true;
        }
        a += length_a + (a[length_a] == '\n');
        b += length_b + (b[length_b] == '\n');
    }
    return false;
}

/* Keys of one call: "text/CALL/RANK", "size/CALL/RANK" and "verdict/CALL". */
static const char *key_of(char key[MOCO__STORE_KEY_SIZE], const char *what, int32_t call, int32_t rank)
{
    char prefix[MOCO__STORE_KEY_SIZE];
    return moco__store_key(key, moco__store_key(prefix, what, call), rank);
}

/* Sets the text first, so that who finds its size finds the text too. */
static moco_status give_text(moco_peers *peers, int32_t call, const char *text)
{
    char key[MOCO__STORE_KEY_SIZE];
    char size[32];
    const int32_t rank = peers->launch.rank;
    MOCO_TRY(moco__store_set(peers->store, key_of(key, "text", call, rank), text));
    (void)snprintf(size, sizeof size, "%zu", strlen(text) + 1);
    return moco__store_set(peers->store, key_of(key, "size", call, rank), size);
}

/* Reads another rank's text; the caller frees it. */
static moco_status take_text(char **out, moco_peers *peers, int32_t call, int32_t rank)
{
    char key[MOCO__STORE_KEY_SIZE];
    char size_text[32];
    MOCO_TRY(moco__peers_wait_for(size_text, sizeof size_text, peers, key_of(key, "size", call, rank)));
    const size_t size = strtoull(size_text, NULL, 10);
    if (size < 1 || size > TEXT_MAX) {
        return moco_error_set(MOCO_EINVALID, "peers: the text of rank %d (%s) would have %s bytes; it may have 1 to %d",
                              rank, peers->names[rank], size_text, TEXT_MAX);
    }
    char *text = moco__calloc(size, 1);
    if (text == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = moco__store_get(text, size, peers->store, key_of(key, "text", call, rank));
    if (status != MOCO_OK) {
        free(text);
        return status;
    }
    *out = text;
    return MOCO_OK;
}

/* Rank 0 compares all texts with its own. The verdict is empty if they are the same. */
static moco_status compare_all(char verdict[VERDICT_SIZE], moco_peers *peers, int32_t call, const char *text)
{
    char mine[LINE_SIZE];
    char theirs[LINE_SIZE];
    verdict[0] = '\0';
    for (int32_t r = 1; r < peers->launch.world && verdict[0] == '\0'; ++r) {
        char *other = NULL;
        MOCO_TRY(take_text(&other, peers, call, r));
        if (first_difference(text, other, mine, theirs)) {
            (void)snprintf(verdict, VERDICT_SIZE, "the ranks differ: rank 0 (%s) has \"%s\", rank %d (%s) has \"%s\"",
                           peers->names[0], mine, r, peers->names[r], theirs);
        }
        free(other);
    }
    return MOCO_OK;
}

moco_status moco_peers_agree(moco_peers *peers, const char *text)
{
    MOCO_CHECK_ARG(text);
    char key[MOCO__STORE_KEY_SIZE];
    char verdict[VERDICT_SIZE];
    if (peers == NULL || peers->launch.world == 1) {
        return MOCO_OK;
    }
    const int32_t call = peers->agreed++;
    (void)moco__store_key(key, "verdict", call);
    if (peers->launch.rank == 0) {
        MOCO_TRY(compare_all(verdict, peers, call, text));
        MOCO_TRY(moco__store_set(peers->store, key, verdict));
    } else {
        MOCO_TRY(give_text(peers, call, text));
        MOCO_TRY(moco__peers_wait_for(verdict, sizeof verdict, peers, key));
    }
    /* Rank 0 may serve the store: it must not leave before all have read the verdict. */
    return verdict[0] == '\0' ? moco_comm_barrier(peers->comm) : moco_error_set(MOCO_EINVALID, "%s", verdict);
}

moco_status moco__peers_share(moco_peers *peers, char *text, size_t size)
{
    MOCO_CHECK_ARG(text);
    char key[MOCO__STORE_KEY_SIZE];
    if (peers == NULL || peers->launch.world == 1) {
        return MOCO_OK;
    }
    (void)moco__store_key(key, "shared", peers->shared++);
    if (peers->launch.rank == 0) {
        MOCO_TRY(moco__store_set(peers->store, key, text));
    } else {
        MOCO_TRY(moco__peers_wait_for(text, size, peers, key));
    }
    return moco_comm_barrier(peers->comm);
}
