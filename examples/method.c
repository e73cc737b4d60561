/*
 * Momentum Contrast over handles: Algorithm 1 of arXiv 1911.05722, to change as you like.
 *
 *     example-method DATA [STEPS [symmetric]]
 *
 * "symmetric" is a variant: either view is a query once, and the losses are added. moco_model_step() is this, with more
 * options and several processes.
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, DIM = 64, QUEUE = 1024 };

static moco_encoder *f_q, *f_k;
static moco_queue *queue;
static moco_sgd *sgd;
static moco_scope *scope; /* owns the tensors of a step */
static uint64_t shuffles;

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

static moco_tensor *rows(const moco_tensor *tensor, const int64_t *order)
{
    const int64_t sizes[] = { BATCH };
    moco_tensor *index, *result;
    check(moco_tensor_from_host(&index, scope, MOCO_INT64, (moco_device){ MOCO_CPU, 0 }, sizes, 1, order));
    check(moco_tensor_index_select(&result, scope, tensor, index));
    return result;
}

/* Shuffled batch norm: the groups of f_k consist of other samples than those of f_q. f_k is frozen: no gradient. */
static moco_tensor *encode_keys(const moco_tensor *x_k)
{
    int64_t order[BATCH], back[BATCH];
    moco_shuffle_permutation(order, BATCH, 0, shuffles++);
    moco_shuffle_inverse(back, order, BATCH);
    return rows(encode(f_k, rows(x_k, order)), back);
}

static moco_tensor *contrast(const moco_tensor *x_q, const moco_tensor *k)
{
    moco_tensor *negatives, *logits, *loss;
    check(moco_queue_negatives(&negatives, scope, queue));
    check(moco_infonce_logits(&logits, scope, encode(f_q, x_q), k, negatives, 0.2));
    check(moco_infonce_loss(&loss, scope, logits));
    return loss;
}

static double train(const moco_tensor *x_q, const moco_tensor *x_k, bool symmetric)
{
    double value;
    check(moco_momentum_update(f_k, f_q, 0.99));
    moco_tensor *k = encode_keys(x_k);
    moco_tensor *loss = contrast(x_q, k);
    if (symmetric) {
        check(moco_tensor_add(&loss, scope, loss, contrast(x_k, encode_keys(x_q))));
    }
    check(moco_sgd_zero_grad(sgd));
    check(moco_tensor_backward(loss));
    check(moco_sgd_step(sgd, 0.03));
    check(moco_queue_enqueue(queue, k)); /* after the backward pass, which needs the old keys */
    check(moco_tensor_item(&value, loss));
    moco_scope_clear(scope);
    return value;
}

static void make_method(void)
{
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    network.arch = "resnet20";
    network.dim = DIM;
    network.bn_splits = 4;
    moco_queue_options keys = MOCO_QUEUE_OPTIONS_INIT;
    keys.size = QUEUE;
    keys.dim = DIM;
    check(moco_encoder_create(&f_q, &network));
    check(moco_encoder_clone_frozen(&f_k, f_q));
    check(moco_queue_create(&queue, &keys));
    check(moco_sgd_create(&sgd, moco_encoder_parameters(f_q), NULL));
    check(moco_scope_create(&scope));
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s DATA [STEPS [symmetric]]\n", argv[0]);
        return 2;
    }
    const long steps = argc > 2 ? strtol(argv[2], NULL, 10) : 100;
    const bool symmetric = argc > 3 && strcmp(argv[3], "symmetric") == 0;
    make_method();

    moco_dataset *images;
    moco_sampler *sampler;
    moco_loader *loader;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    order.batch = BATCH;
    check(moco_dataset_open(&images, argv[1], NULL));
    moco_sampler_options_for(&order, images, 0);
    check(moco_sampler_create(&sampler, &order));
    check(moco_augment_preset(&policy, "cifar", 32));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));
    for (long step = 1; step <= steps; ++step) {
        moco_batch batch; /* two views of the same images */
        check(moco_loader_next(loader, &batch));
        printf("step %ld: loss %.3f\n", step, train(batch.query, batch.key, symmetric));
    }

    moco_loader_free(loader);
    moco_sampler_free(sampler);
    moco_dataset_free(images);
    moco_scope_free(scope);
    moco_sgd_free(sgd);
    moco_queue_free(queue);
    moco_encoder_free(f_k);
    moco_encoder_free(f_q);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
