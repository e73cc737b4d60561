/* Allocates and frees a training run. */
#include "train/run_internal.h"

#include "base/handle_internal.h"

moco__run *moco__run_create(const moco_config *config, const moco_train_options *options)
{
    moco__run *run = moco__handle_alloc(sizeof *run);
    if (run != NULL) {
        run->setup.config = *config;
        if (options != NULL) {
            run->options = *options;
            run->setup.peers = options->peers;
            run->setup.comm = moco_peers_comm(options->peers);
        }
        run->state.saved_step = UINT64_MAX;
        run->report.log.is_mute = !moco__run_is_writer(&run->setup);
    }
    return run;
}

void moco__run_free(moco__run *run)
{
    moco__run_close_setup(&run->setup);
    moco_metrics_free(run->report.metrics);
    moco__run_log_close(&run->report.log);
    moco__handle_free(run);
}
