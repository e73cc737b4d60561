/* Keeps the best checkpoint of a run beside the newest ones. */
#include "train/checkpoint_best_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "train/checkpoint_names_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static moco_status copy(const char *to, const char *from)
{
    char *bytes = NULL;
    size_t count = 0;
    MOCO_TRY(moco__file_read(&bytes, &count, from));
    const moco_status status = moco__file_write(to, bytes, count);
    free(bytes);
    return status;
}

/* Replaces a name in one step: readers see the old file or the new one. */
static moco_status link_over(const char *to, const char *from)
{
    char temporary[MOCO_PATH_MAX + 64];
    (void)snprintf(temporary, sizeof temporary, "%s%slink", to, moco__temporary_mark);
    (void)unlink(temporary);
    if (link(from, temporary) != 0) {
        return copy(to, from);
    }
    const int error = moco__rename(temporary, to);
    (void)unlink(temporary); /* it stays if both names were the same file */
    return error == 0 ? MOCO_OK : moco__files_cannot("replace", to, error);
}

void moco__checkpoint_keep_best(const char *run, uint64_t step)
{
    char from[MOCO_PATH_MAX];
    char to[MOCO_PATH_MAX];
    moco_status status = moco_checkpoint_path(from, sizeof from, run, step);
    if (status == MOCO_OK) {
        status = moco__checkpoint_best_path(to, sizeof to, run);
    }
    if (status == MOCO_OK) {
        status = link_over(to, from);
    }
    if (status != MOCO_OK) {
        moco_log(MOCO_LOG_WARNING, "the best checkpoint was not kept: %s", moco_error_message());
    }
}
