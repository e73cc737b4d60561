/*
 * Writes another method with tensors: SimCLR (arXiv 2002.05709). Both views of a batch go through one network, and each
 * image has to find its other view among all others.
 *
 *     example-variant_simclr DATA [STEPS]
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

/* NT-Xent, equation 1: z are 2N x C normalised embeddings, first N of one view, then N of the other. */
static moco_status nt_xent(moco_tensor **loss, moco_scope *scope, const moco_tensor *z, double temperature)
{
    moco_tensor *transposed, *logits, *self, *order, *other;
    const int64_t rows = moco_tensor_size(z, 0);
    MOCO_TRY(moco_tensor_transpose(&transposed, scope, z));      /* C x 2N */
    MOCO_TRY(moco_tensor_matmul(&logits, scope, z, transposed)); /* 2N x 2N */
    MOCO_TRY(moco_tensor_divide(&logits, scope, logits, temperature));
    const moco_value eye[] = { moco_value_int(rows), moco_value_named("dtype", moco_value_dtype(MOCO_BOOL)) };
    MOCO_TRY(moco_tensor_call(&self, 1, scope, "aten::eye", eye, 2)); /* no function of ops.h, so by name */
    MOCO_TRY(moco_tensor_masked_fill(&logits, scope, logits, self, -1e9));
    MOCO_TRY(moco_tensor_arange(&order, scope, rows, moco_tensor_device(z)));
    const moco_value roll[] = { moco_value_tensor(order), moco_value_int(rows / 2) };
    MOCO_TRY(moco_tensor_call(&other, 1, scope, "aten::roll", roll, 2)); /* row i belongs to row i + N */
    return moco_tensor_cross_entropy(loss, scope, logits, other);
}

/* One step: loss of a batch, gradients, LARS. */
static moco_status step(double *loss, moco_scope *scope, moco_encoder *encoder, moco_sgd *sgd, const moco_batch *batch)
{
    const moco_tensor *const views[] = { batch->query, batch->key };
    moco_tensor *images, *z, *mean;
    MOCO_TRY(moco_sgd_zero_grad(sgd));
    MOCO_TRY(moco_tensor_cat(&images, scope, views, 2, 0));
    MOCO_TRY(moco_encoder_forward(&z, scope, encoder, images));
    MOCO_TRY(moco_tensor_normalize(&z, scope, z));
    MOCO_TRY(nt_xent(&mean, scope, z, 0.1));
    MOCO_TRY(moco_tensor_backward(mean));
    MOCO_TRY(moco_tensor_list_clip_gradients(NULL, moco_encoder_parameters(encoder), 10));
    MOCO_TRY(moco_sgd_step(sgd, 1.0));
    return moco_tensor_item(loss, mean);
}

int main(int argc, char **argv)
{
    const long steps = argc > 2 ? strtol(argv[2], NULL, 10) : 20;
    moco_dataset *images;
    moco_sampler *sampler;
    moco_loader *loader;
    moco_encoder *encoder;
    moco_sgd *sgd;
    moco_scope *scope; /* owns the tensors of a step */
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DATA [STEPS]\n", argv[0]);
        return 2;
    }
    check(moco_dataset_open(&images, argv[1], NULL));
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.count = moco_dataset_count(images);
    order.batch = 32;
    check(moco_sampler_create(&sampler, &order));
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    check(moco_augment_preset(&policy, "v2", 32));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.mlp = true;
    check(moco_encoder_create(&encoder, &network));
    moco_sgd_options lars = MOCO_SGD_OPTIONS_INIT;
    lars.trust = 0.02;
    check(moco_sgd_create(&sgd, moco_encoder_parameters(encoder), &lars));

    check(moco_scope_create(&scope));
    for (long i = 1; i <= steps; ++i, moco_scope_clear(scope)) {
        moco_batch batch;
        double loss;
        check(moco_loader_next(loader, &batch));
        check(step(&loss, scope, encoder, sgd, &batch));
        printf("step %ld: loss %.3f\n", i, loss);
    }
    moco_scope_free(scope);
    moco_sgd_free(sgd);
    moco_encoder_free(encoder);
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
