/* Watches without labels whether a run learns, by the embeddings of each reported step. */
#include "train/run_health_internal.h"

#include "base/c_locale_internal.h"
#include "base/clock_internal.h"

#include "moco/ops.h"

#include <math.h>
#include <stdio.h>

static const double least_spread = 0.1;
static const double solved = 99.5;         /* percent */
static const double lost_accuracy = 1;     /* points of kNN */
static const double lost_rank = 0.8;       /* of the best */
static const uint64_t least_patience = 10; /* steps */
static const uint64_t most_patience = 500;

bool moco__run_watches(const moco__run *run)
{
    return run->setup.config.monitors && moco__run_is_writer(&run->setup);
}

uint64_t moco__run_patience(const moco__run *run)
{
    const uint64_t epoch = run->setup.epoch_steps;
    return epoch < least_patience ? least_patience : epoch < most_patience ? epoch : most_patience;
}

bool moco__run_has_momentum(const moco__run *run)
{
    const moco_mechanism mechanism = run->setup.config.mechanism;
    return mechanism == MOCO_MECHANISM_MOCO || mechanism == MOCO_MECHANISM_MOMENTUM_BATCH;
}

const char *moco__run_negatives(const moco__run *run)
{
    const moco_mechanism mechanism = run->setup.config.mechanism;
    return mechanism == MOCO_MECHANISM_MOCO || mechanism == MOCO_MECHANISM_MEMORY_BANK ? "queue-size" : "batch";
}

moco_step *moco__run_wants_step(moco__run *run)
{
    return moco__run_watches(run) ? &run->report.health.latest : NULL;
}

/* Finds the keys of the step's queries, which are those of the last part of rank 0. */
static moco_status keys_of(moco_tensor **out, const moco__run *run, const moco_step *latest)
{
    const int64_t n = moco_tensor_size(latest->q, 0);
    const int64_t first = (run->setup.config.accumulate - 1) * n;
    *out = NULL;
    if (latest->k == NULL || moco_tensor_size(latest->k, 0) < first + n) {
        return MOCO_OK;
    }
    return moco_tensor_narrow(out, NULL, latest->k, 0, first, n);
}

static void warn_of_collapse(moco__run *run, double spread)
{
    moco__run_health *health = &run->report.health;
    const uint64_t step = run->state.position.step;
    const uint64_t patience = moco__run_patience(run);
    if (!(spread < least_spread)) {
        health->was_spread = step;
    } else if (!health->warned_of_collapse && step - health->was_spread >= patience) {
        health->warned_of_collapse = true;
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                            "step %llu: for %llu steps the embeddings have been nearly equal (spread %.3f of 1): the "
                            "run has collapsed; lower lr%s, or use a larger %s",
                            (unsigned long long)step, (unsigned long long)(step - health->was_spread), spread,
                            moco__run_has_momentum(run) ? ", raise momentum" : "", moco__run_negatives(run));
    }
}

moco_pair_quality moco__run_measure_step(moco__run *run)
{
    moco_pair_quality found = { NAN, NAN, NAN };
    moco_tensor *keys = NULL;
    const double start = moco__now();
    const moco_step *latest = &run->report.health.latest;
    if (!moco__run_watches(run) || latest->q == NULL || moco_tensor_size(latest->q, 0) < 2) {
        return found;
    }
    if (keys_of(&keys, run, latest) != MOCO_OK || moco_quality_pairs(&found, latest->q, keys) != MOCO_OK) {
        moco_log(MOCO_LOG_DEBUG, "the embeddings were not measured: %s", moco_error_message());
    }
    moco_tensor_free(keys);
    run->report.progress.seen.spread = found.spread;
    warn_of_collapse(run, found.spread);
    run->report.health.seconds += moco__now() - start;
    return found;
}

void moco__run_warn_of_leak(moco__run *run)
{
    MOCO__IN_C_LOCALE;
    moco__run_health *health = &run->report.health;
    const moco_progress *seen = &run->report.progress.seen;
    char words[128] = "";
    health->best_knn = fmax(health->best_knn, seen->knn_acc1); /* of a number and NaN, the number */
    if (health->warned_of_leak || !(seen->acc1 > solved)) {
        return;
    }
    if (seen->knn_acc1 < health->best_knn - lost_accuracy) {
        (void)snprintf(words, sizeof words, "the kNN accuracy has fallen from %.2f %% to %.2f %%", health->best_knn,
                       seen->knn_acc1);
    } else if (health->rank < lost_rank * health->best_rank) {
        (void)snprintf(words, sizeof words, "the rank of the features has fallen from %.1f to %.1f", health->best_rank,
                       health->rank);
    }
    if (words[0] != '\0') {
        health->warned_of_leak = true;
        moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                            "step %llu: the contrastive accuracy is %.2f %%, while %s: queries find their keys by "
                            "something else than the image, as by the statistics of batch norm; use shuffle with "
                            "several bn-splits, or a stronger augment",
                            (unsigned long long)seen->step, seen->acc1, words);
    }
}
