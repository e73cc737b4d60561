/* Divides the CPU time of a thread among the stages of its work. */
#include "loader/stages_internal.h"

#include "base/clock_internal.h"

static _Thread_local moco__stage_sums *thread_sums; /* NULL: the thread does not measure */
static _Thread_local uint64_t last_end;             /* nanoseconds of CPU time when the last stage ended */

void moco__stages_start(moco__stage_sums *sums)
{
    thread_sums = sums;
    last_end = sums != NULL ? moco__thread_cpu_ns() : 0;
}

void moco__stage_end(moco_stage stage)
{
    if (thread_sums != NULL) {
        const uint64_t now = moco__thread_cpu_ns();
        atomic_fetch_add_explicit(&thread_sums->nanoseconds[stage], now - last_end, memory_order_relaxed);
        last_end = now;
    }
}
