/* Opens a run: checks everything that can be wrong before it touches the run's folder. */
#include "train/run_open_internal.h"

#include "base/files_internal.h"
#include "train/run_agreement_internal.h"
#include "train/run_data_internal.h"
#include "train/run_identity_internal.h"
#include "train/run_lock_internal.h"
#include "train/run_measure_internal.h"

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

moco_status moco__run_refuse_used_folder(const char *out)
{
    if (out[0] == '\0') {
        return moco_error_set(MOCO_EINVALID, "out: there is no folder for the run; give one");
    }
    return moco__files_exist(out) && !moco__directory_is_empty(out) ? refuse_used(out) : MOCO_OK;
}

moco_status moco__run_create_folder(const moco_config *config, int *lock, bool may_hold_run)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__mkdirs(config->out));
    MOCO_TRY(moco__run_lock(lock, config->out));
    if (!may_hold_run && moco__files_exist_in(config->out, "config.yaml")) { /* made meanwhile */
        return refuse_used(config->out);
    }
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "checkpoints"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "plots"));
    MOCO_TRY(moco__mkdirs(path));
    MOCO_TRY(moco__files_join(path, sizeof path, config->out, "config.yaml"));
    return moco_config_save(config, path);
}
