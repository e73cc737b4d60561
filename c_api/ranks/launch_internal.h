/* Chooses the GPU of each process on a host. */
#ifndef MOCO_RANKS_LAUNCH_INTERNAL_H
#define MOCO_RANKS_LAUNCH_INTERNAL_H

#include "moco/launch.h"

/* Returns the index of this process's GPU among the `count` that it sees. ::MOCO_EUNAVAILABLE if there are too few. */
moco_status moco__launch_gpu(int32_t *out, const moco_launch *launch, int32_t count);

/*
 * Extracts the first host of a list as SLURM writes it: "gpu[07-09,12],login" gives "gpu07".
 * @param[out] buffer NUL-terminated
 * Returns ::MOCO_EINVALID if the list is malformed or the name does not fit
 */
moco_status moco__launch_first_host(char *buffer, size_t size, const char *list);

/*
 * Finds the secret that the processes of a run share, by which they know each other.
 * @param[out] out borrowed from the environment; NULL if there is none
 * Returns ::MOCO_EINVALID if it is too short or too long
 */
moco_status moco__launch_token(const char **out);

/* Checks that the numbers of a launch fit together. */
moco_status moco__launch_check(const moco_launch *launch);

#endif
