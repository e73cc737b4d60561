/* Compares the mechanisms with the arithmetic of make_mechanisms.py, to 1e-5 of each tensor's norm. */
#include "golden_mechanism.h"

#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance = 1e-5;
static const double zero = 1e-7; /* gradients that cancel, as that of a bias before batch norm, are this small */

static int64_t integer(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

moco_status golden_mechanism_options(moco_model_options *options, const json_t *config)
{
    const char *name = json_string_value(json_object_get(config, "mechanism"));
    static const char *const names[] = { MOCO_MECHANISM_MAP(MOCO_CHOICE_NAME) };
    if (name == NULL) {
        return MOCO_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        if (strcmp(name, names[i]) == 0) {
            options->mechanism = (moco_mechanism)i;
        }
    }
    options->separate_encoders = json_is_true(json_object_get(config, "separate"));
    options->bank_per_query = json_is_true(json_object_get(config, "per_query"));
    options->bank_images = integer(config, "images");
    options->predictor = integer(config, "predictor");
    options->seed = (uint64_t)integer(config, "seed");
    return options->mechanism != MOCO_MECHANISM_MOCO ? MOCO_OK
                                                     : moco_error_set(MOCO_EINVALID, "there is no mechanism %s", name);
}

/* Draws the numbers of this rank's images. */
static size_t *draw_samples(const json_t *config, int number, size_t first, size_t count)
{
    char name[32];
    const size_t batch = (size_t)integer(config, "batch");
    float *values = malloc(batch * sizeof *values);
    size_t *samples = malloc(count * sizeof *samples);
    if (values != NULL && samples != NULL) {
        (void)snprintf(name, sizeof name, "samples.%d", number);
        stream_uniform(values, batch, name);
        for (size_t i = 0; i < count; ++i) {
            samples[i] = (size_t)(((double)values[first + i] + 1) / 2 * (double)integer(config, "images"));
        }
    }
    free(values);
    return samples;
}

moco_status golden_mechanism_step(moco_step *out, moco_model *model, const moco_tensor *im_q, const moco_tensor *im_k,
                                  const json_t *config, int number)
{
    const double lr = json_number_value(json_object_get(config, "lr"));
    const double m = json_number_value(json_object_get(config, "m"));
    if (moco_model_bank(model) == NULL) {
        return moco_model_step(out, model, im_q, im_k, lr, m);
    }
    const char *rank = getenv("RANK"); /* golden_ranks.c sets it */
    const size_t count = (size_t)moco_tensor_size(im_q, 0);
    size_t *samples = draw_samples(config, number, rank != NULL ? (size_t)strtoul(rank, NULL, 10) * count : 0, count);
    const moco_status status = moco_model_step_samples(out, model, im_q, NULL, samples, lr, m);
    free(samples);
    return status;
}

/* Compares a tensor with its size, norm, and dot product with the stream "dot". */
static void compare(comparison *c, const char *what, const json_t *expected, const moco_tensor *tensor)
{
    const size_t n = tensor != NULL ? (size_t)moco_tensor_numel(tensor) : 0;
    const double size = json_number_value(json_array_get(expected, 0));
    const double norm = json_number_value(json_array_get(expected, 1));
    float *values = calloc(2 * n + 1, sizeof *values);
    double sumsq = 0;
    double dot = 0;
    golden_check(c, what, "size", (double)n, size, 0);
    if (values != NULL && n > 0 && moco_tensor_to_host(values, n * sizeof *values, tensor) == MOCO_OK) {
        stream_uniform(values + n, n, "dot");
        for (size_t i = 0; i < n; ++i) {
            sumsq += (double)values[i] * (double)values[i];
            dot += (double)values[i] * (double)values[n + i];
        }
    }
    golden_check(c, what, "norm", sqrt(sumsq), norm, tolerance * norm + zero);
    golden_check(c, what, "dot", dot, json_number_value(json_array_get(expected, 2)), tolerance * norm + zero);
    free(values);
}

/* Compares a list of parameters or of their gradients. */
static void compare_list(comparison *c, const char *which, const json_t *expected, const moco_tensor_list *list,
                         bool gradients)
{
    for (size_t i = 0; i < json_array_size(expected); ++i) {
        char what[64];
        moco_tensor *gradient = NULL;
        const moco_tensor *tensor = moco_tensor_list_get(list, i);
        (void)snprintf(what, sizeof what, "%s %s %zu", gradients ? "gradient of" : "parameter of", which, i);
        if (gradients && moco_tensor_gradient(&gradient, NULL, tensor) != MOCO_OK) {
            gradient = NULL;
        }
        compare(c, what, json_array_get(expected, i), gradients ? gradient : tensor);
        moco_tensor_free(gradient);
    }
}

static void compare_lists(comparison *c, const json_t *expected, moco_model *model, bool gradients)
{
    compare_list(c, "q", json_object_get(expected, "q"), moco_encoder_parameters(moco_model_query_encoder(model)),
                 gradients);
    compare_list(c, "k", json_object_get(expected, "k"), moco_encoder_parameters(moco_model_key_encoder(model)),
                 gradients);
    compare_list(c, "the predictor", json_object_get(expected, "p"), moco_model_predictor(model), gradients);
}

void golden_compare_mechanism(comparison *c, const json_t *expected, const moco_step *step, double loss,
                              const moco_model_means *means, moco_model *model)
{
    const double mean = json_number_value(json_object_get(expected, "loss"));
    const json_t *losses = json_object_get(expected, "loss_per_rank");
    const double own = json_number_value(json_array_get(losses, (size_t)moco_comm_rank(c->comm)));
    golden_check(c, "loss", "", means->loss, mean, tolerance);
    golden_check(c, "loss of the rank", "", loss, own, tolerance);
    compare(c, "q", json_object_get(expected, "q"), step->q);
    compare(c, "logits", json_object_get(expected, "logits"), step->logits);
    if (moco_model_bank(model) == NULL || moco_comm_world(c->comm) == 1) { /* of a bank, k is that of this rank */
        compare(c, "k", json_object_get(expected, "k"), step->k);
    }
    compare_lists(c, json_object_get(expected, "gradients"), model, true);
}

void golden_compare_end(comparison *c, const json_t *expected, moco_model *model)
{
    compare_lists(c, json_object_get(expected, "weights"), model, false);
    if (json_object_get(expected, "bank") != NULL) {
        compare(c, "bank", json_object_get(expected, "bank"), moco_model_bank(model));
    }
}
