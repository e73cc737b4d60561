/*
 * Trains a run with a progress callback, and stops it cleanly on Ctrl-C.
 *
 *     example-train DATA RUN [STEPS]
 *
 * A stopped run leaves a checkpoint. The same command continues it, and the result is bit-identical to that of a run
 * that was never stopped. STEPS stops the run after that many steps, as Ctrl-C would.
 */
#include <moco.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* moco_train() calls this after every step. If it returns non-zero, the run writes a checkpoint and ends. */
static int on_step(const moco_progress *progress, void *payload)
{
    const unsigned long long *last_step = payload;
    if (progress->has_metrics) { /* every print-freq steps, and at the end of each epoch */
        printf("epoch %llu of %llu, step %llu of %llu: loss %.3f, %.0f images/s\n",
               (unsigned long long)progress->epoch + 1, (unsigned long long)progress->epochs,
               (unsigned long long)progress->step, (unsigned long long)progress->steps, progress->loss,
               progress->images_per_s);
    }
    return interrupted != 0 || (*last_step > 0 && progress->step >= *last_step);
}

/* The library prints nothing itself. It calls this with each line of its log. */
static void on_log(moco_log_level level, const char *message, void *payload)
{
    (void)payload;
    if (level >= MOCO_LOG_WARNING) {
        (void)fprintf(stderr, "moco: %s\n", message);
    }
}

static moco_status train(const char *data, const char *run, unsigned long long last_step)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_config_apply_preset(&config, "tiny"));
    MOCO_TRY(moco_config_set(&config, "data", data));
    MOCO_TRY(moco_config_set(&config, "out", run));
    MOCO_TRY(moco_config_set(&config, "print-freq", "1"));

    moco_train_options options = MOCO_TRAIN_OPTIONS_INIT;
    options.progress = on_step;
    options.payload = &last_step;
    options.resume_existing = true; /* continue RUN if it holds a checkpoint */
    return moco_train(&config, &options);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: %s DATA RUN [STEPS]\n", argv[0]);
        return 2;
    }
    (void)signal(SIGINT, on_interrupt);
    moco_log_set_callback(on_log, NULL);
    const moco_status status = train(argv[1], argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
    if (status == MOCO_ESTOPPED) {
        printf("stopped; the same command continues the run\n");
        return 0;
    }
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "error: %s\n", moco_error_message());
        return 1;
    }
    printf("done; checkpoints are in %s/checkpoints\n", argv[2]);
    return 0;
}
