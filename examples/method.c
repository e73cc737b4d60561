/* Momentum Contrast over handles: Algorithm 1 of arXiv 1911.05722, to change as you like. moco_model_step() is this
 * for several processes. Usage: example-method DATA [STEPS [symmetric]]. "symmetric": each view is the query once. */
#include <moco.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32 };
static moco_encoder *f_q, *f_k;
static moco_queue *queue;
static moco_scope *scope; /* owns the tensors of a step */

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

static moco_tensor *encode(moco_encoder *encoder, const moco_tensor *images)
{
    moco_tensor *embedding;
    check(moco_encoder_forward(&embedding, scope, encoder, images));
    check(moco_tensor_normalize(&embedding, scope, embedding));
    return embedding;
}

/* Shuffled batch norm: the groups of f_k have other samples than those of f_q. No gradients: f_k is frozen. */
static moco_tensor *encode_keys(const moco_tensor *x, uint64_t step)
{
    int64_t order[2][BATCH]; /* a permutation, and its inverse */
    const moco_device on = moco_tensor_device(x);
    moco_tensor *index, *keys = NULL;
    moco_shuffle_permutation(order[0], BATCH, 0, step);
    moco_shuffle_inverse(order[1], order[0], BATCH);
    for (int i = 0; i < 2; ++i) {
        check(moco_tensor_from_host(&index, scope, MOCO_INT64, on, &(int64_t){ BATCH }, 1, order[i]));
        check(moco_tensor_index_select(&keys, scope, i == 0 ? x : encode(f_k, keys), index));
    }
    return keys;
}

static double contrast(const moco_tensor *x_q, const moco_tensor *x_k, uint64_t step)
{
    double value;
    moco_tensor *negatives, *logits, *loss, *k = encode_keys(x_k, step);
    check(moco_queue_negatives(&negatives, scope, queue));
    check(moco_infonce_logits(&logits, scope, encode(f_q, x_q), k, negatives, 0.2));
    check(moco_infonce_loss(&loss, scope, logits));
    check(moco_tensor_backward(loss));   /* adds to the gradients */
    check(moco_queue_enqueue(queue, k)); /* after the backward pass, which needs the old keys */
    check(moco_tensor_item(&value, loss));
    return value;
}

int main(int argc, char **argv)
{
    moco_dataset *images;
    moco_sampler *sampler;
    moco_loader *loader;
    moco_sgd *sgd;
    moco_batch batch; /* two views of the same images */
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.bn_splits = 4;
    order.batch = BATCH;
    check(moco_encoder_create(&f_q, &network));
    check(moco_encoder_clone_frozen(&f_k, f_q));
    check(moco_queue_create(&queue, NULL));
    check(moco_scope_create(&scope));
    check(moco_sgd_create(&sgd, moco_encoder_parameters(f_q), NULL));
    check(moco_dataset_open(&images, argc > 1 ? argv[1] : ".", NULL));
    moco_sampler_options_for(&order, images, 0);
    check(moco_sampler_create(&sampler, &order));
    check(moco_augment_preset(&policy, "cifar", 32));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));
    for (uint64_t step = 1, last = argc > 2 ? strtoull(argv[2], NULL, 10) : 100; step <= last; ++step) {
        check(moco_loader_next(loader, &batch));
        check(moco_momentum_update(f_k, f_q, 0.99));
        check(moco_sgd_zero_grad(sgd));
        double loss = contrast(batch.query, batch.key, step);
        loss += argc > 3 ? contrast(batch.key, batch.query, step) : 0;
        check(moco_sgd_step(sgd, 0.03));
        moco_scope_clear(scope);
        printf("step %llu: loss %.3f\n", (unsigned long long)step, loss);
    }
    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    moco_sgd_free(sgd);
    moco_scope_free(scope);
    moco_queue_free(queue);
    moco_encoder_free(f_k);
    moco_encoder_free(f_q);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
