/*
 * Divides the CPU time of a thread among the stages of its work.
 *
 * The code that does the work reports the end of each stage. That does nothing in a thread that does not measure.
 */
#ifndef MOCO_LOADER_STAGES_INTERNAL_H
#define MOCO_LOADER_STAGES_INTERNAL_H

#include "moco/loader.h"

#include <stdatomic.h>

/* Nanoseconds that all threads have spent on each stage. */
typedef struct moco__stage_sums {
    atomic_uint_fast64_t nanoseconds[MOCO_STAGE_COUNT];
} moco__stage_sums;

/* Starts the calling thread's stop-watch, which adds to @p sums; NULL: the thread measures no longer. */
void moco__stages_start(moco__stage_sums *sums);

/* Adds the CPU time since the start, or since the last stage ended, to a stage. */
void moco__stage_end(moco_stage stage);

#endif
