/* A stop watch that shares a thread's CPU time out among the stages of its work. */
#ifndef MOCO_LOADER_STAGES_INTERNAL_H
#define MOCO_LOADER_STAGES_INTERNAL_H

#include "moco/loader.h"

typedef struct moco__stages {
    uint64_t nanoseconds[MOCO_STAGE_COUNT];
    uint64_t last; /* when the stage before ended */
} moco__stages;

/* Starts the watch. NULL in place of a watch: nothing is measured, here and below. */
void moco__stages_start(moco__stages *stages);

/* What passed since the start, or since the stage before, belongs to a stage. */
void moco__stages_end(moco__stages *stages, moco_stage stage);

#endif
