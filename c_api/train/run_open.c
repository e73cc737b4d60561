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
    return moco_error_set(MOCO_EEXISTS,
                          "%s exists and is not an empty folder; choose another folder (out), or continue the run by "
                          "moco_resume()",
                          out);
}

/* Whether all that is in a folder is what the start of a run makes there. */
static bool holds_only(const char *path, const char *const *names)
{
    DIR *folder = moco__folder_open(path);
    const struct dirent *entry = folder != NULL ? moco__folder_next(folder) : NULL;
    bool is_known = folder != NULL || errno == ENOENT;
    for (; entry != NULL && is_known; entry = moco__folder_next(folder)) {
        is_known = strstr(entry->d_name, moco__temporary_mark) != NULL ||
                   strncmp(entry->d_name, MOCO__TFEVENTS_NAME, sizeof MOCO__TFEVENTS_NAME - 1) == 0;
        for (size_t i = 0; names[i] != NULL && !is_known; ++i) {
            is_known = strcmp(entry->d_name, names[i]) == 0;
        }
    }
    is_known = is_known && (folder == NULL || errno == 0);
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return is_known;
}

/* Whether a start failed, or was killed, before there was anything to continue from. */
static bool holds_failed_start(const char *out)
{
    static const char *const made[] = { ".",         "..",            ".lock",       "config.yaml",
                                        "train.log", "metrics.jsonl", "checkpoints", "plots", NULL };
    char checkpoints[MOCO_PATH_MAX];
    return holds_only(out, made) &&
           moco__files_join(checkpoints, sizeof checkpoints, out, "checkpoints") == MOCO_OK &&
           holds_only(checkpoints, (const char *const[]){ ".", "..", NULL });
}

moco_status moco__run_refuse_used_folder(const char *out)
{
    if (out[0] == '\0') {
        return moco_error_set(MOCO_EINVALID, "out: there is no folder for the run; give one");
    }
    return moco__files_exist(out) && !holds_failed_start(out) ? refuse_used(out) : MOCO_OK;
}

moco_status moco__run_create_folder(const moco_config *config, int *lock, bool may_hold_run)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__mkdirs(config->out));
    MOCO_TRY(moco__run_lock(lock, config->out));
    if (!may_hold_run) {
        MOCO_TRY(moco__run_refuse_used_folder(config->out)); /* it may have been made meanwhile */
    }
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "checkpoints"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "plots"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "config.yaml"));
    return moco_config_save(config, path);
}
