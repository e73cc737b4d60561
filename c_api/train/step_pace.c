/* Compares the time that steps take with the time that they compute. */
#include "train/step_pace_internal.h"

#include "base/clock_internal.h"

#include <sys/resource.h>

static const double look_s = 3;       /* seconds of steps that are looked at together */
static const double far_above = 2;    /* wall time by CPU time */
static const double losses_per_s = 5; /* the kernel takes a wanted core away every few milliseconds */

static uint64_t count_losses(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}

void moco__pace_begin(moco__pace *pace)
{
    pace->from_wall = moco__now();
    pace->from_cpu_ns = moco__thread_cpu_ns();
    pace->from_losses = count_losses();
}

void moco__pace_end(moco__pace *pace)
{
    pace->wall += moco__now() - pace->from_wall;
    pace->cpu += 1e-9 * (double)(moco__thread_cpu_ns() - pace->from_cpu_ns);
    pace->losses += count_losses() - pace->from_losses;
}

bool moco__pace_is_poor(double *wall, double *cpu, moco__pace *pace)
{
    if (pace->wall < look_s) {
        return false;
    }
    *wall = pace->wall;
    *cpu = pace->cpu;
    const bool poor = *wall > far_above * *cpu && (double)pace->losses > losses_per_s * *wall;
    pace->wall = pace->cpu = 0;
    pace->losses = 0;
    return poor;
}
