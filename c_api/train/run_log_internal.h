/* Writes the log of a run, RUN/train.log. */
#ifndef MOCO_TRAIN_RUN_LOG_INTERNAL_H
#define MOCO_TRAIN_RUN_LOG_INTERNAL_H

#include "moco/error.h"

typedef struct moco__run_log {
    bool is_open; /* not where another rank writes it */
    int descriptor;
    char path[MOCO_PATH_MAX];
    bool is_mute; /* says only warnings and errors, for all ranks except rank 0 */
} moco__run_log;

/* Opens the log in a run's folder for appending. */
moco_status moco__run_log_open(moco__run_log *log, const char *out);
/* Writes a line with the time to train.log, and gives it to the library's log. */
void moco__run_log_write(const moco__run_log *log, moco_log_level level, const char *format, ...) MOCO_PRINTF(3, 4);
/* Writes a line to train.log only. */
void moco__run_log_line(const moco__run_log *log, const char *line);
void moco__run_log_close(moco__run_log *log);

#endif
