/* Compares the tests of a run with its start, and keeps the best checkpoint. */
#include "train/run_best_internal.h"

#include "train/checkpoint_best_internal.h"
#include "train/checkpoint_names_internal.h"
#include "train/run_health_internal.h"

#include <math.h>

/* A checkpoint that is newer than the position comes from steps which are taken again: the next test replaces it. */
static bool best_is_newer(const moco__run *run)
{
    moco_config config;
    moco_position of_best = { 0 };
    char path[MOCO_PATH_MAX];
    moco_config_init(&config, sizeof config);
    return moco__checkpoint_best_path(path, sizeof path, run->setup.config.out) == MOCO_OK &&
           moco_checkpoint_read_config(&config, &of_best, path) == MOCO_OK && of_best.step > run->state.position.step;
}

void moco__run_recall(moco__run *run)
{
    moco_series knn = { 0, NULL, NULL, NULL };
    moco__run_tests *tests = &run->report.tests;
    if (!moco__run_is_writer(&run->setup) || moco_series_read(&knn, run->setup.config.out, "knn_acc1") != MOCO_OK) {
        return;
    }
    for (size_t i = 0; i < knn.count; ++i) {
        if (knn.steps[i] == 0) {
            tests->start = knn.values[i];
        } else {
            tests->best = fmax(tests->best, knn.values[i]);
        }
    }
    moco_series_free(&knn);
    if (best_is_newer(run)) {
        tests->best = NAN;
    }
}

/* Warns at the first such test, and at the last. */
static void warn_of_loss(moco__run *run, double accuracy)
{
    moco__run_tests *tests = &run->report.tests;
    const bool ends = run->state.position.step == run->setup.steps;
    if (!(accuracy < tests->start) || (tests->warned && !ends)) {
        return;
    }
    tests->warned = true;
    moco__run_log_write(&run->report.log, MOCO_LOG_WARNING,
                        "the kNN accuracy, %.2f %%, is below that of the network before training, %.2f %%: %sthe "
                        "training has made its features worse; train longer, or change lr, %s%s or the augmentation",
                        accuracy, tests->start, ends ? "" : "so far ", moco__run_negatives(run),
                        moco__run_has_momentum(run) ? ", momentum" : "");
}

void moco__run_judge(moco__run *run, double accuracy)
{
    moco__run_tests *tests = &run->report.tests;
    const uint64_t step = run->state.position.step;
    if (!moco__run_is_writer(&run->setup)) {
        return;
    }
    if (step == 0) {
        tests->start = accuracy;
        return;
    }
    warn_of_loss(run, accuracy);
    if (!(accuracy <= tests->best)) {
        tests->best = accuracy;
        moco__checkpoint_keep_best(run->setup.config.out, step);
    }
}
