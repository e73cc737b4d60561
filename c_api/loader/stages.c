/* Sharing a thread's CPU time out among stages. */
#include "loader/stages_internal.h"

#include <time.h>

static uint64_t now(void)
{
    struct timespec time = { 0, 0 };
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

void moco__stages_start(moco__stages *stages)
{
    if (stages != NULL) {
        stages->last = now();
    }
}

void moco__stages_end(moco__stages *stages, moco_stage stage)
{
    if (stages != NULL) {
        const uint64_t time = now();
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
