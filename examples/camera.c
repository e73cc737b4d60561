/*
 * Trains by moco_train() on frames of a camera, which are in memory; Ctrl-C stops it cleanly.
 * Usage: example-camera RUN. The same command continues a run that was stopped.
 */
#include <moco.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 48, HEIGHT = 32, STRIDE = 3 * WIDTH + 16, FRAMES = 64 };

static uint8_t frames[FRAMES][HEIGHT][STRIDE]; /* BGR; rows have padding, as those of many cameras */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* Draws what a camera would give: a bright square that moves over a floor that gets lighter. */
static void record(void)
{
    for (int f = 0; f < FRAMES; ++f) {
        for (int y = 0; y < HEIGHT; ++y) {
            for (int x = 0; x < WIDTH; ++x) {
                const bool square = abs(x - f % WIDTH) < 6 && abs(y - f * 7 % HEIGHT) < 6;
                for (int c = 0; c < 3; ++c) {
                    frames[f][y][3 * x + c] = (uint8_t)(square ? 150 + f + c : 20 + f / 2 + (x * 3 + y * 5) % 24);
                }
            }
        }
    }
}

/* Gives frame `index`. Several threads call it at once, which is fine, since it only reads. */
static moco_status read_frame(moco_image *image, size_t index, void *payload)
{
    (void)payload;
    return moco_image_set(image, MOCO_FRAME_BGR, WIDTH, HEIGHT, STRIDE, &frames[index][0][0]);
}

/* moco_train() calls this after every step. If it returns non-zero, the run writes a checkpoint and ends. */
static int on_step(const moco_progress *progress, void *payload)
{
    (void)payload;
    if (progress->has_metrics) {
        printf("step %llu of %llu: loss %.3f\n", (unsigned long long)progress->step,
               (unsigned long long)progress->steps, progress->loss);
    }
    return interrupted;
}

static moco_status train(const char *run, const moco_dataset *data)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    MOCO_TRY(moco_config_apply_preset(&config, "tiny"));
    MOCO_TRY(moco_config_set(&config, "out", run));
    MOCO_TRY(moco_config_set(&config, "batch", "16"));
    MOCO_TRY(moco_config_set(&config, "epochs", "2"));
    MOCO_TRY(moco_config_set(&config, "print-freq", "2"));

    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT; /* checkpoints keep it, and evaluations normalise by it */
    MOCO_TRY(moco_augment_parse(&policy, "Size(32) RandomResizedCrop(0.3, 1, 0.75, 1.33) ColorJitter(0.4, 0.4) @ 0.8 "
                                         "RandomHorizontalFlip() @ 0.5 Normalize(0.4, 0.4, 0.4, 0.2, 0.2, 0.2)"));
    const moco_metadata texts[] = { { "camera", "north gate" } }; /* in checkpoints as app.camera */
    moco_train_options options = MOCO_TRAIN_OPTIONS_INIT;
    options.dataset = data;
    options.policy = &policy;
    options.metadata = texts;
    options.metadata_count = 1;
    options.progress = on_step;
    options.resume_existing = true;
    return moco_train(&config, &options);
}

int main(int argc, char **argv)
{
    moco_dataset *data = NULL;
    moco_dataset_callbacks camera = MOCO_DATASET_CALLBACKS_INIT;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s RUN\n", argv[0]);
        return 2;
    }
    record();
    (void)signal(SIGINT, on_interrupt);
    camera.read = read_frame;
    moco_status status = moco_dataset_from_callbacks(&data, FRAMES, 0, &camera, NULL);
    if (status == MOCO_OK) {
        status = train(argv[1], data);
    }
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
    }
    moco_dataset_free(data);
    return status == MOCO_OK || status == MOCO_ESTOPPED ? EXIT_SUCCESS : EXIT_FAILURE;
}
