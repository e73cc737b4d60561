/* Counts the cores that the process may use. */
#ifndef MOCO_BASE_MACHINE_INTERNAL_H
#define MOCO_BASE_MACHINE_INTERNAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the number of cores, at least 1: those that the process may run on, or fewer if its control group limits its
 * time to less. */
int32_t moco__cores(void);

/* Lowers a number of cores to what the control groups (version 1 or 2, or both) below the folder `groups` allow to the
 * process whose /proc/PID/cgroup is `membership`. */
int32_t moco__cores_of_group(int32_t most, const char *groups, const char *membership);

#ifdef __cplusplus
}
#endif

#endif
