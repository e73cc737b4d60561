/* Names the best and the newest checkpoint of a run. */
#include "train/checkpoint_names_internal.h"

#include "base/files_internal.h"

#include <stdio.h>
#include <string.h>

moco_status moco__checkpoint_best_path(char *buffer, size_t size, const char *run)
{
    return moco__files_join(buffer, size, run, "checkpoints/best.safetensors");
}

bool moco__checkpoint_alias(char *run, size_t size, bool *best, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[MOCO_PATH_MAX];
    if (slash == NULL || (strcmp(slash, "/best") != 0 && strcmp(slash, "/last") != 0)) {
        return false;
    }
    const int length = snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (length < 1 || (size_t)length >= sizeof folder || (size_t)length >= size ||
        !moco__files_exist_in(folder, "checkpoints")) {
        return false;
    }
    (void)snprintf(run, size, "%s", folder);
    *best = strcmp(slash, "/best") == 0;
    return true;
}
