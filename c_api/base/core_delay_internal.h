/* Measures how long threads wait for cores that are taken. */
#ifndef MOCO_BASE_CORE_DELAY_INTERNAL_H
#define MOCO_BASE_CORE_DELAY_INTERNAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds that the threads of this process, all together, could have run but had no core; negative if the system does
 * not count them. */
double moco__core_delay(void);

/* The same for the threads in a folder like /proc/self/task. */
double moco__core_delay_of(const char *folder);

#ifdef __cplusplus
}
#endif

#endif
