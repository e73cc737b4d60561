/*
 * Pretrains a small ResNet with its own training loop: dataset, sampler, loader, model, step.
 *
 *     example-pretrain DATA [STEPS]
 *
 * DATA is a folder of images, or the IDX files of a dataset such as Fashion-MNIST.
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DATA [STEPS]\n", argv[0]);
        return 2;
    }
    const long steps = argc > 2 ? strtol(argv[2], NULL, 10) : 100;

    moco_dataset *images;
    check(moco_dataset_open(&images, argv[1], NULL));

    moco_sampler *sampler;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = moco_dataset_count(images);
    order.batch = 64;
    check(moco_sampler_create(&sampler, &order));

    moco_loader *loader;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    check(moco_augment_preset(&policy, "fashion-mnist", 28));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));

    moco_model *model;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.bn_splits = 8;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    options.encoder = &network;
    options.queue_size = 4096;
    options.temperature = 0.1;
    check(moco_model_create(&model, &options));

    for (long step = 1; step <= steps; ++step) {
        moco_batch batch; /* two views of the same 64 images */
        check(moco_loader_next(loader, &batch));
        check(moco_model_step(NULL, model, batch.query, batch.key, 0.03, 0.99));
        if (step % 10 == 0) {
            moco_model_means means;
            check(moco_model_read_means(&means, model));
            printf("step %ld: loss %.3f, contrastive accuracy %.1f %%\n", step, means.loss, means.acc1);
        }
    }

    moco_model_free(model);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
