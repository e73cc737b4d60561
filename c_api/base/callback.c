/* Judges what an application's callback returned. */
#include "base/callback_internal.h"

#include <string.h>

void moco__callback_begin(void)
{
    (void)moco_error_set(MOCO_OK, "%s", "");
}

moco_status moco__callback_end(moco_status status, const char *what)
{
    if (status != MOCO_OK && moco_error_message()[0] == '\0') {
        (void)moco_error_set(status, "%s with status %d (%s)", what, (int)status, moco_status_text(status));
    }
    return strcmp(moco_status_name(status), "MOCO_UNKNOWN") == 0 ? MOCO_EIO : status;
}
