/* Divides the time of a step among its phases. */
#ifndef MOCO_METHOD_PHASES_INTERNAL_H
#define MOCO_METHOD_PHASES_INTERNAL_H

#include "moco/profile.h"

typedef struct moco__phases {
    moco_step_times *times; /* NULL: nothing is measured */
    moco_device device;
    double wall, cpu; /* seconds, when the previous phase ended */
} moco__phases;

/* Starts the watch for a step. */
moco_status moco__phases_start(moco__phases *phases);

/* Adds the time since the start, or since the end of the previous phase, to a phase. */
moco_status moco__phase_end(moco__phases *phases, moco_phase phase);

/* Runs a call and counts its time towards a phase of the model's step; returns from the calling function if it fails.
 */
#define MOCO__PHASE(model, phase, call)                                                                                \
    do {                                                                                                               \
        MOCO_TRY(call);                                                                                                \
        MOCO_TRY(moco__phase_end(&(model)->phases, MOCO_PHASE_##phase));                                               \
    } while (0)

#endif
