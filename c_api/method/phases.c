/* Divides the time of a step among its phases. */
#include "method/phases_internal.h"

#include "base/clock_internal.h"

/* Waits for the device first: queued work would count towards the phase that waits for it. */
static moco_status read_clocks(moco__phases *phases)
{
    MOCO_TRY(moco_device_synchronize(phases->device));
    phases->wall = moco__now();
    phases->cpu = moco__cpu_seconds();
    return MOCO_OK;
}

moco_status moco__phases_start(moco__phases *phases)
{
    if (phases->times == NULL) {
        return MOCO_OK;
    }
    phases->times->steps += 1;
    return read_clocks(phases);
}

moco_status moco__phase_end(moco__phases *phases, moco_phase phase)
{
    if (phases->times == NULL) {
        return MOCO_OK;
    }
    const double wall = phases->wall;
    const double cpu = phases->cpu;
    MOCO_TRY(read_clocks(phases));
    phases->times->wall[phase] += phases->wall - wall;
    phases->times->cpu[phase] += phases->cpu - cpu;
    return MOCO_OK;
}
