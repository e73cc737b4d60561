/* Watches the training accuracy of fine-tuning, and warns in words when rates are too high. */
#ifndef MOCO_EVALUATE_FINETUNE_WATCH_INTERNAL_H
#define MOCO_EVALUATE_FINETUNE_WATCH_INTERNAL_H

#include "moco/finetune.h"

typedef struct moco__watch {
    double loss, right, count; /* sums of this epoch */
    double best;               /* the highest training accuracy of an epoch, percent */
    uint64_t best_epoch;       /* from 1; 0: none */
    bool warned;
} moco__watch;

/* Adds means of batches: their sums, and how many they are. */
void moco__watch_add(moco__watch *watch, double loss, double right, double count);
/* Ends an epoch, counted from 1; warns once. */
void moco__watch_epoch(moco__watch *watch, const moco_finetune_options *options, int64_t classes, uint64_t epoch);

#endif
