/* Adapts the first convolution of a network of RGB images to other channels. */
#include "weights/adapt_input_internal.h"

#include "base/handle_internal.h"
#include "weights/weights_list_internal.h"

#include "moco/ops.h"

#include <stdio.h>
#include <stdlib.h>

enum { RGB = 3, NAME_SIZE = 256 };

static const moco_device host = { MOCO_CPU, 0 };

int64_t moco__weights_channels(const moco_weights *weights, const moco_network *network)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%sconv1.weight", network->prefix);
    const moco_weights_entry *stem = moco_weights_find(weights, name);
    return stem != NULL && stem->ndim == 4 && stem->sizes[1] >= 1 && stem->sizes[1] <= MOCO_MAX_CHANNELS
               ? stem->sizes[1]
               : RGB;
}

bool moco__adapts_input(const moco_weights_entry *entry, const moco_tensor *tensor)
{
    return entry != NULL && entry->ndim == 4 && moco_tensor_ndim(tensor) == 4 && entry->sizes[1] == RGB &&
           moco_tensor_size(tensor, 1) != RGB && entry->sizes[0] == moco_tensor_size(tensor, 0) &&
           entry->sizes[2] == moco_tensor_size(tensor, 2) && entry->sizes[3] == moco_tensor_size(tensor, 3);
}

/* Fills in the kernels of one filter, each of `area` weights. */
static void adapt(float *out, const float *in, size_t channels, size_t area)
{
    const float scale = (float)(RGB / (double)channels);
    for (size_t i = 0; channels == 1 && i < area; ++i) {
        out[i] = in[i] + in[area + i] + in[2 * area + i];
    }
    for (size_t c = 0; channels != 1 && c < channels; ++c) {
        for (size_t i = 0; i < area; ++i) {
            out[c * area + i] = in[c % RGB * area + i] * scale;
        }
    }
}

moco_status moco__adapt_input(moco_tensor *tensor, const moco_weights *weights, const moco_weights_entry *entry)
{
    const int64_t channels = moco_tensor_size(tensor, 1);
    const size_t filters = (size_t)entry->sizes[0];
    const size_t area = (size_t)(entry->sizes[2] * entry->sizes[3]);
    const int64_t sizes[4] = { entry->sizes[0], channels, entry->sizes[2], entry->sizes[3] };
    moco_tensor *rgb = NULL;
    moco_tensor *made = NULL;
    float *in = malloc(filters * RGB * area * sizeof *in);
    void *raw = malloc(entry->bytes);
    moco_tensor *read = NULL;
    float *out = malloc(filters * (size_t)channels * area * sizeof *out);
    moco_status status;
    if (in == NULL || out == NULL || raw == NULL) {
        status = moco_error_set(MOCO_ENOMEM, "out of memory for the first convolution");
        goto done;
    }
    MOCO_TRY_GOTO(moco_weights_read(raw, entry->bytes, weights, entry->name));
    MOCO_TRY_GOTO(moco_tensor_from_host(&read, NULL, entry->dtype, host, entry->sizes, entry->ndim, raw));
    MOCO_TRY_GOTO(moco_tensor_empty(&rgb, NULL, MOCO_FLOAT32, host, entry->sizes, entry->ndim));
    MOCO_TRY_GOTO(moco_tensor_copy(rgb, read));
    MOCO_TRY_GOTO(moco_tensor_to_host(in, filters * RGB * area * sizeof *in, rgb));
    for (size_t f = 0; f < filters; ++f) {
        adapt(out + f * (size_t)channels * area, in + f * RGB * area, (size_t)channels, area);
    }
    MOCO_TRY_GOTO(moco_tensor_from_host(&made, NULL, MOCO_FLOAT32, host, sizes, 4, out));
    MOCO_TRY_GOTO(moco_tensor_copy(tensor, made));
    moco_log(MOCO_LOG_INFO, "%s: %s is of 3 channels; for %lld it is %s", weights->path, entry->name,
             (long long)channels, channels == 1 ? "summed over them" : "repeated, and scaled by 3 / channels");
done:
    moco_tensor_free(made);
    moco_tensor_free(rgb);
    moco_tensor_free(read);
    free(raw);
    free(out);
    free(in);
    return status;
}
