/*
 * moco-bench: images a second of the loader, and of the training step on prepared batches.
 *
 *     moco-bench [DATA]
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static moco_loader *open_loader(moco_sampler **sampler, const moco_dataset *images, const char *policy, int32_t size,
                                size_t batch, int32_t workers)
{
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = moco_dataset_count(images);
    order.batch = batch;
    check(moco_sampler_create(sampler, &order));
    moco_augment_policy augment;
    check(moco_augment_preset(&augment, policy, size));
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.workers = workers;
    moco_loader *loader = NULL;
    check(moco_loader_create(&loader, images, *sampler, &augment, NULL, &options));
    return loader;
}

/* Images a second, two views each. */
static void bench_loader(const moco_dataset *images, const char *policy, int32_t size, int32_t workers)
{
    const size_t batch = 64;
    moco_sampler *sampler = NULL;
    moco_loader *loader = open_loader(&sampler, images, policy, size, batch, workers);
    moco_batch views;
    check(moco_loader_next(loader, &views));
    size_t count = 0;
    const double start = now();
    while (now() - start < 3) {
        check(moco_loader_next(loader, &views));
        count += views.count;
    }
    printf("loader  %-14s %3d px, %d workers: %8.0f images/s\n", policy, size, workers,
           (double)count / (now() - start));
    moco_loader_free(loader);
    moco_sampler_free(sampler);
}

/* Milliseconds of a step on one batch, over and over. */
static void bench_step(const moco_dataset *images, const char *arch, int32_t size, size_t batch)
{
    moco_sampler *sampler = NULL;
    moco_loader *loader = open_loader(&sampler, images, "fashion-mnist", size, batch, 1);
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder.arch = arch;
    options.encoder.cifar_stem = size <= 64;
    options.queue_size = 4096;
    moco_model *model = NULL;
    check(moco_model_create(&model, &options));

    moco_batch views;
    check(moco_loader_next(loader, &views));
    check(moco_model_step(NULL, model, views.query, views.key, 0.03, 0.999));
    int steps = 0;
    const double start = now();
    while (now() - start < 5) {
        check(moco_model_step(NULL, model, views.query, views.key, 0.03, 0.999));
        ++steps;
    }
    const double seconds = (now() - start) / steps;
    printf("step    %-14s %3d px, batch %3zu: %8.0f images/s, %.1f ms\n", arch, size, batch, (double)batch / seconds,
           1e3 * seconds);
    moco_model_free(model);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
}

int main(int argc, char **argv)
{
    moco_dataset *images = NULL;
    check(moco_dataset_open(&images, argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist", NULL));
    printf("libmoco %s, libtorch %s, %d threads, %s\n", moco_version(), moco_libtorch_version(), moco_threads(),
           argc > 1 ? argv[1] : "Fashion-MNIST");
    bench_loader(images, "fashion-mnist", 28, 1);
    bench_loader(images, "fashion-mnist", 28, 2);
    bench_loader(images, "v2", 224, 2);
    bench_step(images, "resnet20", 28, 64);
    bench_step(images, "resnet18", 28, 64);
    bench_step(images, "resnet18", 224, 16);
    moco_dataset_free(images);
    return EXIT_SUCCESS;
}
