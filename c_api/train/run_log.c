/* Writes the log of a run, RUN/train.log. */
#include "train/run_log_internal.h"

#include "base/c_locale_internal.h"
#include "base/files_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = MOCO_PATH_MAX + 1024 }; /* a path and a sentence */

moco_status moco__run_log_open(moco__run_log *log, const char *out)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(path, sizeof path, out, "train.log"));
    log->file = fopen(path, "a");
    return log->file != NULL ? MOCO_OK : moco_error_set(MOCO_EIO, "%s: cannot open: %s", path, strerror(errno));
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
    char stamp[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (log->file == NULL) {
        return;
    }
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    }
    (void)fprintf(log->file, "%s %s\n", stamp, line);
    (void)fflush(log->file);
}

void moco__run_log_close(moco__run_log *log)
{
    if (log->file != NULL) {
        (void)fclose(log->file);
        log->file = NULL;
    }
}
