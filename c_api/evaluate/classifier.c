/* Scores of a batch, and what is told of a classifier's training. */
#include "evaluate/classifier_internal.h"

#include "base/clock_internal.h"
#include "base/handle_internal.h"

#include <math.h>

moco_status moco__score_batch(moco_tensor *values[MOCO__SCORES], moco_scope *scope, const moco_tensor *loss,
                              const moco_tensor *logits, const moco_tensor *labels)
{
    moco_tensor *rank;
    MOCO_TRY(moco_tensor_detach(&values[0], scope, loss));
    MOCO_TRY(moco_tensor_label_rank(&rank, scope, logits, labels));
    MOCO_TRY(moco_tensor_share_below(&values[1], scope, rank, 1));
    return moco_tensor_share_below(&values[2], scope, rank, 5);
}

moco_status moco__score_add(moco_tensor *sums, moco_scope *scope, moco_tensor *const values[MOCO__SCORES])
{
    for (int i = 0; i < MOCO__SCORES; ++i) {
        moco_tensor *place;
        MOCO_TRY(moco_tensor_narrow(&place, scope, sums, 0, i, 1));
        MOCO_TRY(moco_tensor_accumulate(place, values[i]));
    }
    return MOCO_OK;
}

void moco__pace_start(moco__pace *pace, moco_progress *progress)
{
    moco_progress *p = progress;
    p->loss = p->acc1 = p->acc5 = p->eta_s = p->knn_acc1 = p->val_acc1 = NAN;
    *pace = (moco__pace){ .step = 0 };
    pace->start = pace->time = moco__now();
}

void moco__pace_tell(moco__pace *pace, moco_progress *progress, double batch, double waited)
{
    moco_progress *p = progress;
    const double now = moco__now();
    const double seconds = fmax(now - pace->time, 1e-9);
    p->has_metrics = true;
    p->images_per_s = (double)(p->step - pace->step) * batch / seconds;
    p->data_wait = fmin((waited - pace->wait) / seconds, 1);
    p->eta_s = (double)(p->steps - p->step) * (now - pace->start) / (double)p->step;
    pace->step = p->step;
    pace->time = now;
    pace->wait = waited;
}

moco_status moco__ask_to_go_on(const moco_progress *progress, moco_progress_fn callback, void *payload, moco_comm *comm)
{
    int64_t stops = callback != NULL && callback(progress, payload) != 0 ? 1 : 0;
    MOCO_TRY(moco_comm_largest(&stops, comm, stops));
    return stops == 0 ? MOCO_OK
                      : moco_error_set(MOCO_ESTOPPED, "stopped in epoch %llu of %llu by the progress callback",
                                       (unsigned long long)progress->epoch + 1, (unsigned long long)progress->epochs);
}
