/* Watches the training accuracy of fine-tuning, and warns in words when rates are too high. */
#include "evaluate/finetune_watch_internal.h"

#include <math.h>
#include <stdio.h>

/* An epoch's accuracy varies; a smaller fall does not count. */
static const double least_fall = 5; /* percentage points */
static const double least_share = 0.8;

void moco__watch_add(moco__watch *watch, double loss, double right, double count)
{
    watch->loss += loss;
    watch->right += right;
    watch->count += count;
}

static void warn(moco__watch *watch, const moco_finetune_options *o, const char *what)
{
    watch->warned = true;
    moco_log(MOCO_LOG_WARNING,
             "finetune: %s; the learning rates, %g of the encoder and %g of the head, destroy what the network has "
             "learnt: lower them, or let them be chosen",
             what, o->encoder_rate, o->head_rate);
}

void moco__watch_epoch(moco__watch *watch, const moco_finetune_options *options, int64_t classes, uint64_t epoch)
{
    char what[192];
    const double accuracy = 100 * watch->right / watch->count;
    const double loss = watch->loss / watch->count;
    const double guess = log((double)classes);
    const bool falls =
        watch->best_epoch > 0 && accuracy < least_share * watch->best && accuracy < watch->best - least_fall;
    const bool mute = watch->warned || moco_comm_rank(options->comm) != 0;
    if (!mute && falls) {
        (void)snprintf(what, sizeof what,
                       "the training accuracy fell from %.2f %% in epoch %llu to %.2f %% in epoch %llu", watch->best,
                       (unsigned long long)watch->best_epoch, accuracy, (unsigned long long)epoch);
        warn(watch, options, what);
    } else if (!mute && epoch > 1 && loss > guess) {
        (void)snprintf(what, sizeof what, "the training loss of epoch %llu, %.4g, is above that of guessing, %.4g",
                       (unsigned long long)epoch, loss, guess);
        warn(watch, options, what);
    }
    if (watch->best_epoch == 0 || accuracy > watch->best) {
        watch->best = accuracy;
        watch->best_epoch = epoch;
    }
    watch->loss = watch->right = watch->count = 0;
}
