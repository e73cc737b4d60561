/* Sharing a step's time out among its phases. */
#include "method/phases_internal.h"

#include "base/clock_internal.h"

/* Work that is only queued would count as that of the phase that waits for it. */
static moco_status read_clocks(double *wall, double *cpu, moco_device device)
{
    MOCO_TRY(moco_device_synchronize(device));
    *wall = moco__now();
    *cpu = moco__cpu_seconds();
    return MOCO_OK;
}

moco_status moco__phases_start(moco_model *model)
{
    if (model->times == NULL) {
        return MOCO_OK;
    }
    model->times->steps += 1;
    return read_clocks(&model->phase_wall, &model->phase_cpu, model->device);
}

moco_status moco__phase_end(moco_model *model, moco_phase phase)
{
    if (model->times == NULL) {
        return MOCO_OK;
    }
    const double wall = model->phase_wall;
    const double cpu = model->phase_cpu;
    MOCO_TRY(read_clocks(&model->phase_wall, &model->phase_cpu, model->device));
    model->times->wall[phase] += model->phase_wall - wall;
    model->times->cpu[phase] += model->phase_cpu - cpu;
    return MOCO_OK;
}

void moco_model_profile(moco_model *model, moco_step_times *times)
{
    model->times = times;
}

const char *moco_phase_name(moco_phase phase)
{
    static const char *const names[MOCO_PHASE_COUNT] = { "input", "query",    "momentum", "shuffle",   "key",
                                                         "loss",  "backward", "metrics",  "optimizer", "enqueue" };
    return (unsigned)phase < MOCO_PHASE_COUNT ? names[phase] : NULL;
}
