/* What the machine gives this process: cores and time. */
#ifndef MOCO_BASE_MACHINE_INTERNAL_H
#define MOCO_BASE_MACHINE_INTERNAL_H

#include <stdint.h>

/* Cores that this process may use. */
int32_t moco__cores(void);

/* Seconds on a clock that only goes forward. */
double moco__now(void);

/* Seconds of processor time that this process has taken. */
double moco__cpu_seconds(void);

#endif
