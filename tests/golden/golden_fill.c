/* Gives a model the numbers that golden cases start from: streams, which are the same in every language. */
#include "golden_fill.h"

#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fills in a parameter's values, which follow from its name and shape, and from the stream `prefix` + name. */
static void fill_parameter(float *values, size_t n, const char *prefix, const char *name, const moco_tensor *tensor)
{
    char stream[128];
    (void)snprintf(stream, sizeof stream, "%s%s", prefix, name);
    stream_uniform(values, n, stream);
    const size_t length = strlen(name);
    const bool weight = length >= 6 && strcmp(name + length - 6, "weight") == 0;
    float scale = 0.1F;
    float offset = 0;
    if (moco_tensor_ndim(tensor) == 4) {
        scale = (float)sqrt(
            6.0 / (double)(moco_tensor_size(tensor, 0) * moco_tensor_size(tensor, 2) * moco_tensor_size(tensor, 3)));
    } else if (moco_tensor_ndim(tensor) == 2) {
        scale = (float)(1.0 / sqrt((double)moco_tensor_size(tensor, 1)));
    } else if (strncmp(name, "fc", 2) == 0) {
        scale = 0.01F;
    } else if (weight) {
        offset = 1;
    }
    for (size_t i = 0; i < n; ++i) {
        values[i] = offset + values[i] * scale;
    }
}

static moco_status fill_tensor(moco_tensor *tensor, const char *prefix, const char *name)
{
    const size_t n = (size_t)moco_tensor_numel(tensor);
    float *values = malloc(n * sizeof *values);
    if (values == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    fill_parameter(values, n, prefix, name, tensor);
    const moco_status status = moco_tensor_set_from_host(tensor, values, n * sizeof *values);
    free(values);
    return status;
}

static moco_status fill_encoder(const moco_encoder *encoder, const char *prefix)
{
    const moco_tensor_list *state = moco_encoder_state(encoder);
    for (size_t i = 0; i < moco_tensor_list_count(state); ++i) {
        if (moco_encoder_state_is_parameter(encoder, i)) {
            MOCO_TRY(fill_tensor(moco_tensor_list_get(state, i), prefix, moco_encoder_state_name(encoder, i)));
        }
    }
    return MOCO_OK;
}

/* Returns whether the keys have an encoder that learns. */
static bool is_separate(const moco_model *model)
{
    return moco_model_queue(model) == NULL && moco_model_key_encoder(model) != NULL &&
           moco_tensor_list_count(moco_sgd_momentum_buffers(moco_model_sgd(model))) ==
               2 * moco_tensor_list_count(moco_encoder_parameters(moco_model_query_encoder(model)));
}

moco_status golden_fill_encoders(moco_model *model)
{
    MOCO_TRY(fill_encoder(moco_model_query_encoder(model), ""));
    return fill_encoder(moco_model_key_encoder(model), is_separate(model) ? "k." : "");
}

/* Divides a row by its length. The values are every stride-th. */
static void normalise(float *row, const float *values, size_t stride, size_t dim)
{
    double sumsq = 0;
    for (size_t d = 0; d < dim; ++d) {
        sumsq += (double)values[d * stride] * (double)values[d * stride];
    }
    for (size_t d = 0; d < dim; ++d) {
        row[d] = (float)((double)values[d * stride] / sqrt(sumsq));
    }
}

/* Fills in the queue: the stream is dim x K, the queue K x dim. */
moco_status golden_fill_queue(moco_model *model)
{
    moco_tensor *keys = moco_queue_keys(moco_model_queue(model));
    const size_t k = (size_t)moco_tensor_size(keys, 0);
    const size_t dim = (size_t)moco_tensor_size(keys, 1);
    float *stream = malloc(2 * k * dim * sizeof *stream);
    if (stream == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    float *rows = stream + k * dim;
    stream_uniform(stream, k * dim, "queue");
    for (size_t j = 0; j < k; ++j) {
        normalise(rows + j * dim, stream + j, k, dim);
    }
    const moco_status status = moco_tensor_set_from_host(keys, rows, k * dim * sizeof *rows);
    free(stream);
    return status;
}

/* Fills in the bank: rows of a stream, normalised. */
static moco_status fill_bank(moco_tensor *bank)
{
    const size_t n = (size_t)moco_tensor_size(bank, 0);
    const size_t dim = (size_t)moco_tensor_size(bank, 1);
    float *rows = malloc(n * dim * sizeof *rows);
    if (rows == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    stream_uniform(rows, n * dim, "bank");
    for (size_t i = 0; i < n; ++i) {
        normalise(rows + i * dim, rows + i * dim, 1, dim);
    }
    const moco_status status = moco_tensor_set_from_host(bank, rows, n * dim * sizeof *rows);
    free(rows);
    return status;
}

moco_status golden_fill_mechanism(moco_model *model)
{
    static const char *const names[] = { "predictor.0.weight", "predictor.1.weight", "predictor.1.bias",
                                         "predictor.3.weight" };
    const moco_tensor_list *predictor = moco_model_predictor(model);
    for (size_t i = 0; i < moco_tensor_list_count(predictor); ++i) {
        MOCO_TRY(fill_tensor(moco_tensor_list_get(predictor, i), "", names[i]));
    }
    return moco_model_bank(model) != NULL ? fill_bank(moco_model_bank(model)) : MOCO_OK;
}
