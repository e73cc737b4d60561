/* Counts the steps of a training, measures its pace, and asks a callback whether to continue. */
#ifndef MOCO_EVALUATE_PROGRESS_INTERNAL_H
#define MOCO_EVALUATE_PROGRESS_INTERNAL_H

#include "moco/comm.h"
#include "moco/loader.h"
#include "moco/progress.h"

enum { MOCO__STOPS = 1 << 16 }; /* an answer of moco__progress_ask_for() */

typedef struct moco__progress {
    moco_progress seen; /* what the callback gets */
    moco_progress_fn callback;
    void *payload;
    moco_comm *comm;           /* NULL: one process */
    const moco_loader *loader; /* NULL: nothing waits for images */
    uint64_t print_freq;       /* steps between metrics; 0: only at the end of each epoch */
    double batch;              /* images per step, over all processes */
    double start_time;         /* seconds on the monotonic clock */
    uint64_t start_step;
    int64_t shift;      /* of seen.step against the steps that its epochs have now */
    uint64_t max_steps; /* length of the training; 0: its epochs */
    /* the last metrics */
    uint64_t metrics_step;
    double metrics_time, metrics_wait;
} moco__progress;

/* Starts the clock of a training of max_steps, or else of seen.epochs x seen.epoch_steps steps, of which seen.step -
 * shift are done. */
void moco__progress_start(moco__progress *progress);
/* Returns the position of the next step in epochs, with its fraction: 2.5 is the middle of the third epoch. */
double moco__progress_epoch(const moco__progress *progress);
/* Counts a step. */
void moco__progress_advance(moco__progress *progress, double lr);
/* Returns whether the last step ended an epoch. */
bool moco__progress_ends_epoch(const moco__progress *progress);
/* Returns whether the training should read its metrics now. */
bool moco__progress_is_due(const moco__progress *progress);
/* Returns the number of steps since the last metrics. */
uint64_t moco__progress_window(const moco__progress *progress);
/* Takes new metrics, and measures images per second, the share of waiting and the time to the end. */
void moco__progress_measure(moco__progress *progress, double loss, double acc1, double acc5);
/* Leaves a test that began at a time out of the images per second. */
void moco__progress_leave_out(moco__progress *progress, double since);
/* Asks the callback whether to stop. If one rank's callback does, all ranks stop at the same step, one later. */
moco_status moco__progress_ask(bool *stops, const moco__progress *progress);
/* Does the same, and asks for other things too. `wish`: what rank 0 wants, below MOCO__STOPS; all ranks get it at the
 * same step, with several ranks one later, unless the training stops: then the answer is MOCO__STOPS or more. */
moco_status moco__progress_ask_for(int64_t *answer, const moco__progress *progress, int64_t wish);
/* Returns MOCO_ESTOPPED with its message. */
moco_status moco__progress_stopped(const moco__progress *progress);

#endif
