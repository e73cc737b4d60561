/* Sends log lines to the callback, one at a time, from any thread. */
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

void moco_log(moco_log_level level, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format != NULL ? format : "", args);
    va_end(args);
    pthread_mutex_lock(&lock);
    if (log_callback != NULL) {
        log_callback(level, line, log_payload);
    }
    pthread_mutex_unlock(&lock);
}
