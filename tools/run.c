/*
 * What train and resume share: the run itself and how it ends.
 */
#include "run.h"

#include "output.h"
#include "progress.h"
#include "signals.h"

#include <stdio.h>
#include <time.h>

/* The run has written its state: say how to go on. */
static int report_stop(const char *run)
{
    char quoted[2 * MOCO_PATH_MAX];
    const int number = signals_caught();
    output_settings.quiet = false;
    say_note("stopped by %s after step %llu; continue with: moco resume %s", signals_name(number),
             (unsigned long long)progress_last()->step, format_shell(quoted, sizeof quoted, run));
    return EXIT_SIGNAL_BASE + number;
}

static void report_end(const char *run, double seconds)
{
    char time[32];
    moco_series knn = { 0, NULL, NULL, NULL };
    (void)printf("done: %llu steps in %s", (unsigned long long)progress_last()->step,
                 format_time(time, sizeof time, seconds));
    if (moco_series_read(&knn, run, "knn_acc1") == MOCO_OK && knn.count > 0) {
        (void)printf(", kNN accuracy %.2f%%", knn.values[knn.count - 1]);
    }
    moco_series_free(&knn);
    (void)putchar('\n');
}

int run_training(const moco_config *config, const char *run)
{
    moco_train_callbacks callbacks = MOCO_TRAIN_CALLBACKS_INIT;
    callbacks.progress = progress_show;
    signals_catch();
    struct timespec start;
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    const moco_status status = config != NULL ? moco_train(config, &callbacks) : moco_resume(run, &callbacks);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    progress_end();
    if (status == MOCO_ESTOPPED && signals_caught() != 0) {
        return report_stop(run);
    }
    if (status != MOCO_OK) {
        return say_failure();
    }
    if (!output_settings.quiet) {
        report_end(run, (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    }
    return EXIT_OK;
}
