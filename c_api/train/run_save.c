/* Saves the checkpoints of a run, each while training goes on. */
#include "train/run_save_internal.h"

#include "base/clock_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static moco_status start(moco__run *run, const char *folder)
{
    const moco_config *config = &run->setup.config;
    moco__run_state *state = &run->state;
    moco__checkpoint_writer *writer = &run->writer;
    char path[MOCO_PATH_MAX];
    if (state->saved_step == state->position.step) {
        return MOCO_OK;
    }
    MOCO_TRY(moco_checkpoint_path(path, sizeof path, config->out, state->position.step));
    MOCO_TRY(moco__writer_wait(writer));
    writer->metrics = run->report.metrics;
    writer->run = folder;
    writer->keep_last = config->keep_last;
    writer->keep_every = config->keep_every;
    MOCO_TRY(moco__writer_start(writer, path, run->setup.model, state->position, config));
    state->saved_step = state->position.step;
    state->saved_time = moco__now();
    return MOCO_OK;
}

moco_status moco__run_save(moco__run *run)
{
    return start(run, run->setup.config.out);
}

moco_status moco__run_save_more(moco__run *run)
{
    return start(run, NULL);
}

moco_status moco__run_forget(moco__run *run)
{
    char path[MOCO_PATH_MAX];
    run->state.saved_step = UINT64_MAX;
    MOCO_TRY(moco__writer_wait(&run->writer));
    MOCO_TRY(moco_checkpoint_path(path, sizeof path, run->setup.config.out, run->state.position.step));
    if (moco__run_is_writer(&run->setup) && unlink(path) != 0) {
        moco_log(MOCO_LOG_WARNING, "%s: cannot delete: %s", path, strerror(errno));
    }
    return MOCO_OK;
}
