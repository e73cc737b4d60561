/* Finds out what a run does between steps. */
#include "train/run_due_internal.h"

#include "base/clock_internal.h"

void moco__run_start_clocks(moco__run *run)
{
    run->state.saved_time = run->state.tested_time = moco__now();
}

bool moco__run_wants_tests(const moco_config *config)
{
    return config->knn_every > 0 || config->knn_steps > 0 || config->knn_minutes > 0;
}

/* Returns whether a number of epochs or steps is over. */
static bool is_over(const moco__run *run, int64_t epochs, int64_t steps)
{
    const moco_position *now = &run->state.position;
    return (epochs > 0 && now->batch == 0 && now->epoch % (uint64_t)epochs == 0) ||
           (steps > 0 && now->step % (uint64_t)steps == 0);
}

int64_t moco__run_due(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const bool starts = run->state.position.step == 0; /* a test shows what the network knows without training */
    const bool ends = run->state.position.step == run->setup.steps;
    const bool tests = run->setup.val_images != NULL && moco__run_wants_tests(c);
    int64_t due = 0;
    if (ends || is_over(run, c->checkpoint_every, c->checkpoint_steps)) {
        due |= MOCO__DUE_CHECKPOINT;
    }
    if (tests && (starts || ends || is_over(run, c->knn_every, c->knn_steps))) {
        due |= MOCO__DUE_TEST;
    }
    return due;
}

int64_t moco__run_due_by_clock(const moco__run *run)
{
    const moco_config *c = &run->setup.config;
    const double now = moco__now();
    int64_t due = 0;
    if (c->checkpoint_minutes > 0 && now - run->state.saved_time >= 60 * c->checkpoint_minutes) {
        due |= MOCO__DUE_CHECKPOINT;
    }
    if (run->setup.val_images != NULL && c->knn_minutes > 0 && now - run->state.tested_time >= 60 * c->knn_minutes) {
        due |= MOCO__DUE_TEST;
    }
    return due;
}
