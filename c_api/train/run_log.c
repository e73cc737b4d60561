/* Writes the log of a run, RUN/train.log. */
#include "train/run_log_internal.h"

#include "base/c_locale_internal.h"
#include "base/descriptor_internal.h"
#include "base/files_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = MOCO_PATH_MAX + 1024 }; /* a path and a sentence */

moco_status moco__run_log_open(moco__run_log *log, const char *out)
{
    MOCO_TRY(moco__files_join(log->path, sizeof log->path, out, "train.log"));
    log->descriptor = moco__open(log->path, O_WRONLY | O_CREAT | O_APPEND);
    log->is_open = log->descriptor >= 0;
    return log->is_open ? MOCO_OK : moco__files_cannot("open", log->path, errno);
}

static void write_line(char line[LINE_SIZE], const char *format, va_list args)
{
    MOCO__IN_C_LOCALE;
    (void)vsnprintf(line, LINE_SIZE, format, args);
}

void moco__run_log_write(const moco__run_log *log, moco_log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;
    if (log->is_mute && level == MOCO_LOG_INFO) {
        return;
    }
    va_start(args, format);
    write_line(line, format, args);
    va_end(args);
    moco__run_log_line(log, line);
    moco_log(level, "%s", line);
}

void moco__run_log_line(const moco__run_log *log, const char *line)
{
    char text[LINE_SIZE + 32];
    char stamp[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (!log->is_open) {
        return;
    }
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    }
    const int length = snprintf(text, sizeof text, "%s %.*s\n", stamp, LINE_SIZE - 1, line);
    const int error = moco__write_all(log->descriptor, text, (size_t)length);
    if (error != 0) { /* no reason to stop the training */
        moco_log(MOCO_LOG_WARNING, "%s: cannot write: %s%s", log->path, strerror(error), moco__files_advice(error));
    }
}

void moco__run_log_close(moco__run_log *log)
{
    if (log->is_open) {
        (void)moco__close(log->descriptor);
        log->is_open = false;
    }
}
