/*
 * Measures the forward pass of training, for comparison with extraction.
 */
#include "cli/clock.h"
#include "commands/data.h"
#include "commands/embed_parts.h"

#include "moco/ops.h"

static const double seconds_to_measure = 3;

/* Makes a batch as a loader does, in the network's memory order, with noise for images. */
static moco_status prepare(moco_tensor **out, const moco_config *config, moco_encoder_options shape)
{
    const int32_t size = (int32_t)config->image_size;
    const int64_t sizes[4] = { config->batch, config->channels, size, size };
    moco_tensor *noise = NULL;
    moco_tensor *host = NULL;
    void *values;
    MOCO_TRY(moco_image_batch_create(&host, &values, NULL, MOCO_FLOAT32, config->batch, (int32_t)config->channels, size,
                                     size, shape.layout, shape.device));
    moco_status status = moco_tensor_randn(&noise, NULL, (moco_device){ MOCO_CPU, 0 }, sizes, 4, 0);
    if (status == MOCO_OK) {
        status = moco_tensor_copy(host, noise);
    }
    if (status == MOCO_OK) {
        status = moco_tensor_to(out, NULL, host, shape.device);
    }
    if (status == MOCO_OK) {
        status = moco_device_synchronize(shape.device);
    }
    moco_tensor_free(noise);
    moco_tensor_free(host);
    return status;
}

static moco_status repeat(double *images_per_s, moco_encoder *encoder, const moco_tensor *images, moco_scope *scope,
                          moco_device device)
{
    moco_tensor *out;
    int64_t passes = -1; /* the first warms up */
    double start = clock_now();
    while (passes < 1 || clock_now() - start < seconds_to_measure) {
        MOCO_TRY(moco_encoder_forward(&out, scope, encoder, images));
        MOCO_TRY(moco_device_synchronize(device));
        moco_scope_clear(scope);
        start = ++passes == 0 ? clock_now() : start;
    }
    *images_per_s = (double)(passes * moco_tensor_size(images, 0)) / (clock_now() - start);
    return MOCO_OK;
}

moco_status embed_training_rate(double *images_per_s, const network *net)
{
    moco_encoder_options options = data_encoder_options(&net->config, net->device);
    options.bn_splits = net->config.bn_splits > 0 ? net->config.bn_splits : 1;
    moco_encoder *encoder = NULL;
    moco_tensor *images = NULL;
    moco_scope *scope = NULL;
    MOCO_TRY(moco_encoder_create(&encoder, &options));
    moco_status status = prepare(&images, &net->config, options);
    if (status == MOCO_OK) {
        status = moco_scope_create(&scope);
    }
    if (status == MOCO_OK) {
        status = repeat(images_per_s, encoder, images, scope, net->device);
    }
    moco_scope_free(scope);
    moco_tensor_free(images);
    moco_encoder_free(encoder);
    return status;
}
