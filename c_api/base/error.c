/* Keeps the error message of each thread, and names the statuses. */
#include "base/c_locale_internal.h"

#include "moco/error.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_SIZE = 2048 };

static _Thread_local char message[MESSAGE_SIZE];

const char *moco_error_message(void)
{
    return message;
}

moco_status moco_error_set(moco_status status, const char *format, ...)
{
    /* The arguments may contain the old message. */
    char text[MESSAGE_SIZE];
    MOCO__IN_C_LOCALE;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format != NULL ? format : "", args);
    va_end(args);
    (void)snprintf(message, sizeof message, "%s", text);
    return status;
}

const char *moco_status_name(moco_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text)                                                                                 \
    case name:                                                                                                         \
        return #name;
        MOCO_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "MOCO_UNKNOWN";
}

const char *moco_status_text(moco_status status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text)                                                                                 \
    case name:                                                                                                         \
        return text;
        MOCO_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}
