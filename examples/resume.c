/*
 * Trains with a loop of your own, and keeps a checkpoint in memory after the first half. A new model continues from
 * it as if there had been no break. Usage: example-resume DATA
 */
#include <moco.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct buffer {
    unsigned char *bytes;
    size_t size;
} buffer;

static void check(moco_status status)
{
    if (status != MOCO_OK) {
        (void)fprintf(stderr, "%s: %s\n", moco_status_name(status), moco_error_message());
        exit(EXIT_FAILURE);
    }
}

/* moco_checkpoint_save_to() calls this with each piece of a checkpoint. */
static moco_status append(const void *bytes, size_t count, void *payload)
{
    buffer *out = payload;
    unsigned char *larger = realloc(out->bytes, out->size + count);
    if (larger == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for a checkpoint");
    }
    memcpy(larger + out->size, bytes, count);
    *out = (buffer){ larger, out->size + count };
    return MOCO_OK;
}

static moco_model *create(const moco_config *config)
{
    moco_model *model;
    moco_model_options options = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options encoder = MOCO_ENCODER_OPTIONS_INIT;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    moco_ddp_options ddp = MOCO_DDP_OPTIONS_INIT;
    check(moco_config_model_options(&options, &encoder, &sgd, &ddp, config, (moco_device){ MOCO_CPU, 0 }));
    check(moco_model_create(&model, &options));
    return model;
}

/* Takes the steps up to number `last`, from a position in the order of images. */
static void train(moco_model *model, moco_position *at, const moco_dataset *images, const moco_config *c, uint64_t last)
{
    moco_sampler *sampler;
    moco_loader *loader;
    moco_sampler_options order = MOCO_SAMPLER_OPTIONS_INIT;
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    moco_sampler_options_for(&order, images, 0);
    order.batch = (size_t)c->batch;
    check(moco_sampler_create(&sampler, &order));
    check(moco_sampler_seek(sampler, at->epoch, (size_t)at->batch));
    check(moco_config_policy(&policy, c, MOCO_POLICY_TRAIN));
    check(moco_loader_create(&loader, images, sampler, &policy, NULL, NULL));
    while (at->step < last) {
        moco_batch batch;
        check(moco_loader_next(loader, &batch));
        check(moco_model_step(NULL, model, batch.query, batch.key, 0.03, c->momentum));
        *at = (moco_position){ at->step + 1, batch.epoch, batch.batch + 1 }; /* of the next step */
    }
    moco_loader_free(loader);
    moco_sampler_free(sampler);
}

int main(int argc, char **argv)
{
    moco_config config;
    moco_dataset *images;
    moco_weights *weights;
    moco_position at = { 0, 0, 0 };
    buffer half = { NULL, 0 };
    check(moco_dataset_open(&images, argc > 1 ? argv[1] : NULL, NULL));
    moco_config_init(&config, sizeof config);
    check(moco_config_apply_preset(&config, "tiny"));
    config.batch = 16;
    moco_model *model = create(&config);
    train(model, &at, images, &config, 3);
    check(moco_checkpoint_save_to(append, &half, model, at, &config)); /* or moco_checkpoint_save(), to a file */
    moco_model_free(model);
    check(moco_weights_open_bytes(&weights, half.bytes, half.size, "the first half"));
    check(moco_weights_config(&config, weights)); /* the settings are in the checkpoint, too */
    model = create(&config);
    check(moco_checkpoint_load_from(model, &at, weights));
    printf("continues at step %llu\n", (unsigned long long)at.step);
    train(model, &at, images, &config, 6);
    moco_weights_free(weights);
    moco_model_free(model);
    moco_dataset_free(images);
    free(half.bytes);
    return moco_live_handles() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
