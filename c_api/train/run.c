/* Allocates and frees a training run. */
#include "train/run_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"
#include "train/run_lock_internal.h"

#include <math.h>

MOCO__DEFINE_INIT(moco_train_options, MOCO_TRAIN_OPTIONS_INIT)

moco_status moco__run_create(moco__run **out, const moco_config *config, const moco_train_options *options)
{
    moco_config settings;
    moco_train_options o;
    MOCO_TRY(moco__config_read(&settings, config));
    MOCO__READ_OPTIONS(&o, options, MOCO_TRAIN_OPTIONS_INIT);
    moco__run *run = moco__handle_alloc(sizeof *run);
    if (run == NULL) {
        return MOCO_ENOMEM;
    }
    run->setup.config = settings;
    run->options = o;
    run->setup.peers = o.peers;
    run->setup.comm = moco_peers_comm(o.peers);
    run->state.saved_step = UINT64_MAX;
    run->lock = MOCO__RUN_UNLOCKED;
    run->report.tests.start = run->report.tests.best = NAN;
    run->report.log.is_mute = !moco__run_is_writer(&run->setup);
    *out = run;
    return MOCO_OK;
}

void moco__run_free(moco__run *run)
{
    moco__writer_close(&run->writer);
    moco__run_close_setup(&run->setup);
    moco_metrics_free(run->report.metrics);
    moco__run_log_close(&run->report.log);
    moco__run_unlock(&run->lock);
    moco__handle_free(run);
}
