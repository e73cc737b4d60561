/* Names the store's keys and paces those who wait for one. */
#include "ranks/store_keys_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { POLL_MS = 50 }; /* milliseconds between two looks at the store */

const char *moco__store_key(char key[MOCO__STORE_KEY_SIZE], const char *what, int64_t number)
{
    (void)snprintf(key, MOCO__STORE_KEY_SIZE, "%s/%" PRId64, what, number);
    return key;
}

void moco__store_pause(void)
{
    const struct timespec time = { 0, POLL_MS * 1000000L };
    (void)nanosleep(&time, NULL);
}
