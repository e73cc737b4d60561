/* Reads the system's clocks. */
#ifndef MOCO_BASE_CLOCK_INTERNAL_H
#define MOCO_BASE_CLOCK_INTERNAL_H

#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds on a clock that only runs forward, and the same in nanoseconds. */
double moco__now(void);
uint64_t moco__now_ns(void);

/* Seconds of CPU time that the process has used. */
double moco__cpu_seconds(void);

/* Nanoseconds of CPU time that the calling thread has used. */
uint64_t moco__thread_cpu_ns(void);

/* The time that is @p ms milliseconds from now, on the forward clock, for pthread_cond_timedwait(). */
struct timespec moco__deadline(long ms);

#ifdef __cplusplus
}
#endif

#endif
