/*
 * moco-bench-ddp: measures what the overlap of gradient averaging and backward pass saves.
 *
 *     moco-bench-ddp [ARCH [SIZE [BATCH [PAIRS]]]]
 *
 * Trains two models in turn on the same ranks, one that averages gradients bucket by bucket during the backward
 * pass, and one that sends them all after it. Without a launcher's environment it starts two ranks here.
 */
#include "golden/golden_ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 2, MODELS = 2, MAX_PAIRS = 1000 };

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void check(moco_status status, moco_peers *peers)
{
    if (status != MOCO_OK) {
        (void)moco_peers_fail(peers, status);
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        _Exit(EXIT_FAILURE);
    }
}

static moco_model *make_model(moco_peers *peers, const char *arch, bool overlap)
{
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;
    moco_model *model;
    network.arch = arch;
    ddp.overlap = overlap;
    options.encoder = &network;
    options.ddp = &ddp;
    options.queue_size = 4096;
    options.comm = moco_peers_comm(peers);
    check(moco_model_create(&model, &options), peers);
    return model;
}

static double timed_step(moco_peers *peers, moco_model *model, const moco_tensor *images)
{
    check(moco_comm_barrier(moco_peers_comm(peers)), peers);
    const double start = now();
    check(moco_model_step(NULL, model, images, images, 0.01, 0.999), peers);
    return now() - start;
}

static void run(moco_peers *peers, const char *arch, int64_t size, int64_t batch, int pairs)
{
    static double times[MODELS][MAX_PAIRS];
    const moco_device cpu = { MOCO_CPU, 0 };
    const int64_t sizes[4] = { batch / moco_comm_world(moco_peers_comm(peers)), 3, size, size };
    moco_model *models[MODELS];
    moco_tensor *images;
    check(moco_tensor_randn(&images, NULL, cpu, sizes, 4, 1), peers);
    for (int m = 0; m < MODELS; ++m) {
        models[m] = make_model(peers, arch, m == 0);
    }
    for (int i = -WARM_UP; i < pairs; ++i) {
        for (int m = 0; m < MODELS; ++m) {
            const double seconds = timed_step(peers, models[m], images);
            times[m][i < 0 ? 0 : i] = seconds;
        }
    }
    if (moco_comm_rank(moco_peers_comm(peers)) == 0) {
        const double overlapped = median(times[0], (size_t)pairs);
        const double afterwards = median(times[1], (size_t)pairs);
        printf("%s, %lld pixels, batch %lld on %d ranks, median of %d steps each, alternating:\n", arch,
               (long long)size, (long long)batch, moco_comm_world(moco_peers_comm(peers)), pairs);
        printf("  buckets during the backward pass  %.1f ms per step\n", 1e3 * overlapped);
        printf("  one all-reduce after it           %.1f ms per step, %.2f times as long\n", 1e3 * afterwards,
               afterwards / overlapped);
    }
    for (int m = 0; m < MODELS; ++m) {
        moco_model_free(models[m]);
    }
    moco_tensor_free(images);
}

int main(int argc, char **argv)
{
    moco_launch launch;
    moco_peers *peers = NULL;
    if (!golden_is_rank() && getenv("RANK") == NULL) {
        return golden_start_ranks(2, argv, argc - 1, NULL);
    }
    check(moco_threads_set(1), NULL);
    check(moco_launch_from_environment(&launch, "torchrun"), NULL);
    check(moco_peers_join(&peers, &launch, NULL), NULL);
    const long pairs = argc > 4 ? strtol(argv[4], NULL, 10) : 10;
    run(peers, argc > 1 ? argv[1] : "resnet50", argc > 2 ? strtol(argv[2], NULL, 10) : 64,
        argc > 3 ? strtol(argv[3], NULL, 10) : 16, pairs > 0 && pairs <= MAX_PAIRS ? (int)pairs : 10);
    moco_peers_free(peers);
    return EXIT_SUCCESS;
}
