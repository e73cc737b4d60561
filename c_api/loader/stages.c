/* Sharing a thread's CPU time out among stages. */
#include "loader/stages_internal.h"

#include "base/clock_internal.h"

void moco__stages_start(moco__stages *stages)
{
    if (stages != NULL) {
        stages->last = moco__thread_cpu_ns();
    }
}

void moco__stages_end(moco__stages *stages, moco_stage stage)
{
    if (stages != NULL) {
        const uint64_t time = moco__thread_cpu_ns();
        stages->nanoseconds[stage] += time - stages->last;
        stages->last = time;
    }
}

const char *moco_stage_name(moco_stage stage)
{
    static const char *const names[MOCO_STAGE_COUNT] = { "read", "decode",    "resize", "color",
                                                         "hue",  "grayscale", "blur",   "store" };
    return (unsigned)stage < MOCO_STAGE_COUNT ? names[stage] : NULL;
}
