/* Counts the steps of a training, measures its pace, and asks a callback whether to continue. */
#include "evaluate/progress_internal.h"

#include "base/clock_internal.h"
#include "base/comm_internal.h"

#include <math.h>

/* Returns the steps done, if all epochs had had as many as they have now. */
static uint64_t counted(const moco__progress *progress)
{
    return progress->seen.step - (uint64_t)progress->shift;
}

void moco__progress_start(moco__progress *progress)
{
    moco_progress *p = &progress->seen;
    p->steps = progress->max_steps > 0 ? progress->max_steps : p->epochs * p->epoch_steps + (uint64_t)progress->shift;
    p->epoch = counted(progress) / p->epoch_steps;
    p->epoch_step = counted(progress) - p->epoch * p->epoch_steps;
    p->loss = p->acc1 = p->acc5 = p->eta_s = p->knn_acc1 = p->val_acc1 = p->spread = p->rankme = NAN;
    progress->start_step = progress->metrics_step = p->step;
    progress->start_time = progress->metrics_time = moco__now();
}

double moco__progress_epoch(const moco__progress *progress)
{
    const uint64_t steps = progress->seen.epoch_steps;
    const uint64_t complete = counted(progress) / steps;
    return (double)complete + (double)(counted(progress) % steps) / (double)steps;
}

void moco__progress_advance(moco__progress *progress, double lr)
{
    moco_progress *p = &progress->seen;
    p->epoch = counted(progress) / p->epoch_steps;
    p->step += 1;
    p->epoch_step = counted(progress) - p->epoch * p->epoch_steps;
    p->lr = lr;
    p->has_metrics = false;
}

bool moco__progress_ends_epoch(const moco__progress *progress)
{
    return progress->seen.epoch_step == progress->seen.epoch_steps;
}

bool moco__progress_is_due(const moco__progress *progress)
{
    return moco__progress_ends_epoch(progress) ||
           (progress->print_freq > 0 && progress->seen.step % progress->print_freq == 0);
}

uint64_t moco__progress_window(const moco__progress *progress)
{
    return progress->seen.step - progress->metrics_step;
}

void moco__progress_measure(moco__progress *progress, double loss, double acc1, double acc5)
{
    moco_progress *p = &progress->seen;
    const double now = moco__now();
    const double wait = progress->loader != NULL ? moco_loader_seconds(progress->loader, MOCO_STAGE_WAIT) : 0;
    const double seconds = fmax(now - progress->metrics_time, 1e-9);
    p->has_metrics = true;
    p->loss = loss;
    p->acc1 = acc1;
    p->acc5 = acc5;
    p->images_per_s = (double)moco__progress_window(progress) * progress->batch / seconds;
    p->data_wait = fmin((wait - progress->metrics_wait) / seconds, 1);
    /* The mean over the run, so that tests and checkpoints at the end of epochs count too. */
    p->eta_s = (double)(p->steps - p->step) * (now - progress->start_time) / (double)(p->step - progress->start_step);
    progress->metrics_step = p->step;
    progress->metrics_time = now;
    progress->metrics_wait = wait;
}

void moco__progress_leave_out(moco__progress *progress, double since)
{
    progress->metrics_time += moco__now() - since;
}

/* The ranks compare their answers while they compute the next step, so that none waits for the others at each. */
moco_status moco__progress_ask_for(int64_t *answer, const moco__progress *progress, int64_t wish)
{
    const moco_progress *p = &progress->seen;
    const moco_progress_fn callback = progress->callback;
    const int64_t wanted = moco_comm_rank(progress->comm) == 0 ? wish : 0;
    const int64_t own = callback != NULL && callback(p, progress->payload) != 0 ? MOCO__STOPS : wanted;
    int64_t any = own;
    if (moco_comm_world(progress->comm) > 1) {
        MOCO_TRY(moco__comm_largest_wait(&any, progress->comm));
        if (any < MOCO__STOPS && p->step < p->steps) {
            MOCO_TRY(moco__comm_largest_start(progress->comm, own));
        } else if (any < MOCO__STOPS) {
            MOCO_TRY(moco__comm_largest(&any, progress->comm, own));
        }
    }
    *answer = any;
    return MOCO_OK;
}

moco_status moco__progress_ask(bool *stops, const moco__progress *progress)
{
    int64_t answer = 0;
    MOCO_TRY(moco__progress_ask_for(&answer, progress, 0));
    *stops = answer != 0;
    return MOCO_OK;
}

moco_status moco__progress_stopped(const moco__progress *progress)
{
    return moco_error_set(MOCO_ESTOPPED, "stopped at step %llu of %llu by the progress callback",
                          (unsigned long long)progress->seen.step, (unsigned long long)progress->seen.steps);
}
