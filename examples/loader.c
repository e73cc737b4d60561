/*
 * Uses the loader alone: trains an ordinary classifier on labelled images, without contrast.
 *
 *     example-loader DATA [STEPS]
 *
 * DATA is a folder with a folder for each class, or the IDX files of a dataset such as Fashion-MNIST.
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64 };

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

static moco_tensor *labels_of(moco_scope *scope, const moco_dataset *images, const moco_batch *batch)
{
    int64_t values[BATCH];
    const int64_t sizes[] = { (int64_t)batch->count };
    for (size_t i = 0; i < batch->count; ++i) {
        values[i] = moco_dataset_label(images, batch->indices[i]);
    }
    moco_tensor *labels;
    check(moco_tensor_from_host(&labels, scope, MOCO_INT64, (moco_device){ MOCO_CPU, 0 }, sizes, 1, values));
    return labels;
}

/* A network whose head gives a logit for each class. */
static moco_encoder *make_network(size_t classes)
{
    moco_encoder *network;
    moco_encoder_options shape = MOCO_ENCODER_OPTIONS_INIT;
    shape.arch = "resnet20";
    shape.dim = (int64_t)classes;
    check(moco_encoder_create(&network, &shape));
    return network;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DATA [STEPS]\n", argv[0]);
        return 2;
    }
    const long steps = argc > 2 ? strtol(argv[2], NULL, 10) : 200;
    moco_dataset *images;
    check(moco_dataset_open(&images, argv[1], NULL));
    moco_sampler *sampler;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.batch = BATCH;
    moco_sampler_options_for(&order, images, 0);
    check(moco_sampler_create(&sampler, &order));
    moco_loader *loader;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_loader_options options = MOCO_LOADER_OPTIONS_INIT;
    options.single_view = true;
    check(moco_augment_classifier(&policy, "fashion-mnist", 28)); /* crop and flip */
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, &options));
    moco_sgd *sgd;
    moco_scope *scope;
    moco_encoder *network = make_network(moco_dataset_class_count(images));
    check(moco_sgd_create(&sgd, moco_encoder_parameters(network), NULL));
    check(moco_scope_create(&scope));
    for (long step = 1; step <= steps; ++step) {
        moco_batch batch;
        moco_tensor *logits, *loss;
        double value;
        check(moco_loader_next(loader, &batch));
        check(moco_encoder_forward(&logits, scope, network, batch.query));
        check(moco_tensor_cross_entropy(&loss, scope, logits, labels_of(scope, images, &batch)));
        check(moco_sgd_zero_grad(sgd));
        check(moco_tensor_backward(loss));
        check(moco_sgd_step(sgd, 0.05));
        check(moco_tensor_item(&value, loss));
        if (step % 10 == 0 || step == steps) {
            printf("step %ld: loss %.3f\n", step, value);
        }
        moco_scope_clear(scope);
    }
    moco_scope_free(scope);
    moco_sgd_free(sgd);
    moco_encoder_free(network);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
