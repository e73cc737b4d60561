/* Reads the system's clocks. */
#include "base/clock_internal.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static struct timespec read_clock(clockid_t clock)
{
    struct timespec time = { 0, 0 };
    (void)clock_gettime(clock, &time);
    return time;
}

static uint64_t nanoseconds(struct timespec time)
{
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static double seconds(struct timespec time)
{
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double moco__now(void)
{
    return seconds(read_clock(CLOCK_MONOTONIC));
}

uint64_t moco__now_ns(void)
{
    return nanoseconds(read_clock(CLOCK_MONOTONIC));
}

double moco__cpu_seconds(void)
{
    return seconds(read_clock(CLOCK_PROCESS_CPUTIME_ID));
}

uint64_t moco__thread_cpu_ns(void)
{
    return nanoseconds(read_clock(CLOCK_THREAD_CPUTIME_ID));
}

struct timespec moco__deadline(long ms)
{
    struct timespec time = read_clock(CLOCK_MONOTONIC);
    time.tv_sec += ms / MS_PER_S;
    time.tv_nsec += ms % MS_PER_S * NS_PER_MS;
    if (time.tv_nsec >= NS_PER_S) {
        time.tv_sec += 1;
        time.tv_nsec -= NS_PER_S;
    }
    return time;
}
