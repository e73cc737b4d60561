/* Counts the cores that the process may use. */
#include "base/machine_internal.h"

#include <sched.h>

int32_t moco__cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}
