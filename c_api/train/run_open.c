/* Opens a run: checks everything that can be wrong before it touches the run's folder. */
#include "train/run_open_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "train/log_tfevents_internal.h"
#include "train/run_agreement_internal.h"
#include "train/run_data_internal.h"
#include "train/run_identity_internal.h"
#include "train/run_lock_internal.h"
#include "train/run_measure_internal.h"

#include <errno.h>
#include <string.h>

moco_status moco__run_open(moco__run_setup *setup)
{
    MOCO_TRY(moco_config_check(&setup->config));
    MOCO_TRY(moco__run_resolve(setup));
    MOCO_TRY(moco__run_open_data(setup));
    MOCO_TRY(moco__run_measure(setup));
    MOCO_TRY(moco__run_check_places(setup));
    MOCO_TRY(moco__run_agree(setup));
    return moco__run_create_model(setup);
}

static moco_status refuse_used(const char *out)
{
    const bool holds_run = moco__files_exist_in(out, "config.yaml");
    return moco_error_set(MOCO_EEXISTS, "%s exists and is not an empty folder; choose another folder (out)%s", out,
                          holds_run ? ", or continue the run by moco_resume()" : "");
}

/* Whether all that is in a folder is what the start of a run makes there; so it is if there is no folder. */
static moco_status holds_only(bool *is_known, const char *path, const char *const *names)
{
    *is_known = true;
    DIR *folder = moco__folder_open(path);
    const struct dirent *entry = folder != NULL ? moco__folder_next(folder) : NULL;
    int failure = errno;
    for (; entry != NULL && *is_known; entry = moco__folder_next(folder), failure = errno) {
        *is_known = strstr(entry->d_name, moco__temporary_mark) != NULL ||
                    strncmp(entry->d_name, MOCO__TFEVENTS_NAME, sizeof MOCO__TFEVENTS_NAME - 1) == 0;
        for (size_t i = 0; names[i] != NULL && !*is_known; ++i) {
            *is_known = strcmp(entry->d_name, names[i]) == 0;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (!*is_known || failure == 0 || (folder == NULL && failure == ENOENT)) {
        return MOCO_OK;
    }
    *is_known = false;
    return failure == ENOTDIR ? MOCO_OK : moco__files_cannot("list the folder", path, failure);
}

/* A start that failed, or was killed, before there was anything to continue from leaves a folder that counts as new. */
static moco_status refuse_used_folder(const char *out)
{
    static const char *const made[] = { ".",           "..",    ".lock", "config.yaml", "train.log", "metrics.jsonl",
                                        "checkpoints", "plots", NULL };
    static const char *const none[] = { ".", "..", NULL };
    char checkpoints[MOCO_PATH_MAX];
    bool is_new = false;
    if (out[0] == '\0') {
        return moco_error_set(MOCO_EINVALID, "out: there is no folder for the run; give one");
    }
    MOCO_TRY(holds_only(&is_new, out, made));
    if (is_new) {
        MOCO_TRY(moco__files_join(checkpoints, sizeof checkpoints, out, "checkpoints"));
        MOCO_TRY(holds_only(&is_new, checkpoints, none));
    }
    return is_new ? MOCO_OK : refuse_used(out);
}

moco_status moco__run_refuse_used_folder(const char *out)
{
    const moco_status status = refuse_used_folder(out);
    if (status == MOCO_EEXISTS) {
        MOCO_TRY(moco__run_refuse_locked(out));
    }
    return status;
}

moco_status moco__run_create_folder(const moco_config *config, int *lock, bool may_hold_run)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__mkdirs(config->out));
    MOCO_TRY(moco__run_lock(lock, config->out));
    if (!may_hold_run) {
        MOCO_TRY(refuse_used_folder(config->out)); /* it may have been made meanwhile */
    }
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "checkpoints"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "plots"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "config.yaml"));
    return moco_config_save(config, path);
}
