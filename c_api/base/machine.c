/* What the machine gives this process. */
#include "base/machine_internal.h"

#include <sched.h>
#include <time.h>

int32_t moco__cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

static double seconds_of(clockid_t clock)
{
    struct timespec time = { 0, 0 };
    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double moco__now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double moco__cpu_seconds(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
