/* Measures how long threads run, and how long they wait for cores that are taken. */
#ifndef MOCO_BASE_CORE_TIME_INTERNAL_H
#define MOCO_BASE_CORE_TIME_INTERNAL_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds of the threads of a process, all together. They fall when a thread ends. */
typedef struct moco__core_time {
    double ran, waited; /* on a core, and for one that was taken */
} moco__core_time;

/* Reads the times of this process. Returns false if they cannot be read, or if the system does not count them. */
bool moco__core_time_read(moco__core_time *out);

/* The same for the threads in a folder like /proc/self/task. */
bool moco__core_time_read_from(moco__core_time *out, const char *folder);

#ifdef __cplusplus
}
#endif

#endif
