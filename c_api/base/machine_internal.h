/* Counts the cores that the process may use. */
#ifndef MOCO_BASE_MACHINE_INTERNAL_H
#define MOCO_BASE_MACHINE_INTERNAL_H

#include <stdint.h>

/* Returns the number of cores; 1 if the system does not say. */
int32_t moco__cores(void);

#endif
