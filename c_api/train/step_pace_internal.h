/* Finds out whether steps wait for a core that other programs use. */
#ifndef MOCO_TRAIN_STEP_PACE_INTERNAL_H
#define MOCO_TRAIN_STEP_PACE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The steps since the last look. A thread that waits for other threads or for a peer loses time too, but no core, so
 * the times that one was taken away count. */
typedef struct moco__pace {
    double wall, cpu; /* seconds of the steps, and of this thread in them */
    uint64_t losses;  /* times that a thread of the process lost its core to another program meanwhile */
    double from_wall; /* of the step that runs now */
    uint64_t from_cpu_ns, from_losses;
    bool warned;
} moco__pace;

/* Begins and ends a step. */
void moco__pace_begin(moco__pace *pace);
void moco__pace_end(moco__pace *pace);
/* Returns whether the steps took far longer than they computed, and starts anew when they have been looked at. */
bool moco__pace_is_poor(double *wall, double *cpu, moco__pace *pace);

#ifdef __cplusplus
}
#endif

#endif
