/* Sends log lines to the callback, one at a time, from any thread. */
#include "base/c_locale_internal.h"

#include "moco/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static moco_log_fn log_callback;
static void *log_payload;

void moco_log_set_callback(moco_log_fn callback, void *payload)
{
    pthread_mutex_lock(&lock);
    log_callback = callback;
    log_payload = payload;
    pthread_mutex_unlock(&lock);
}

static void write_line(char *line, size_t size, const char *format, va_list args)
{
    MOCO__IN_C_LOCALE;
    (void)vsnprintf(line, size, format != NULL ? format : "", args);
}

void moco_log(moco_log_level level, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    write_line(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&lock);
    if (log_callback != NULL) {
        log_callback(level, line, log_payload);
    }
    pthread_mutex_unlock(&lock);
}
