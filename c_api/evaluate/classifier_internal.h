/* What the trainings of classifiers share: the scores of a batch, and what is told of their progress. */
#ifndef MOCO_EVALUATE_CLASSIFIER_INTERNAL_H
#define MOCO_EVALUATE_CLASSIFIER_INTERNAL_H

#include "moco/train.h"

enum { MOCO__SCORES = 3 }; /* loss, acc1, acc5 */

/* Means of a batch: the loss, and the shares of rows whose label is first and among the first five. */
moco_status moco__score_batch(moco_tensor *values[MOCO__SCORES], moco_scope *scope, const moco_tensor *loss,
                              const moco_tensor *logits, const moco_tensor *labels);
/* Adds such values to MOCO__SCORES sums on the device; nothing waits. */
moco_status moco__score_add(moco_tensor *sums, moco_scope *scope, moco_tensor *const values[MOCO__SCORES]);

/* The time since metrics were last told. */
typedef struct moco__pace {
    uint64_t step;
    double time, wait; /* seconds on the clock, and waited for data until then */
    double start;
} moco__pace;

/* Starts the clock; nothing is known yet of the progress. */
void moco__pace_start(moco__pace *pace, moco_progress *progress);
/* Fills in rate, data wait and what is left. @param batch images a step, over all ranks @param waited seconds so far */
void moco__pace_tell(moco__pace *pace, moco_progress *progress, double batch, double waited);
/* Asks the callback, which may be NULL; ranks end together. */
moco_status moco__ask_to_go_on(const moco_progress *progress, moco_progress_fn callback, void *payload,
                               moco_comm *comm);

#endif
