/* Chooses the GPU of each process on a host. */
#ifndef MOCO_RANKS_LAUNCH_INTERNAL_H
#define MOCO_RANKS_LAUNCH_INTERNAL_H

#include "moco/launch.h"

/* Returns the index of this process's GPU among the `count` that it sees. ::MOCO_EUNAVAILABLE if there are too few. */
moco_status moco__launch_gpu(int32_t *out, const moco_launch *launch, int32_t count);

#endif
