/*
 * Reads the clocks of the system in seconds.
 */
#ifndef MOCO_TOOLS_CLI_CLOCK_H
#define MOCO_TOOLS_CLI_CLOCK_H

#include <time.h>

static inline double clock_seconds(clockid_t id)
{
    struct timespec time = { 0, 0 };
    (void)clock_gettime(id, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Reads the monotonic clock. */
static inline double clock_now(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

#endif
