/* Compares every tensor of the state with the reference by its dot product with a fixed random vector. */
#include "golden_case.h"

#include "stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The largest deviations that are allowed, as shares of a tensor's length. Seen were, at most, with the reference on
 * other processors and in the other layout (values: first step, first step of deep networks with bottlenecks, later):
 * key parameters 7e-8, 7e-8, 2e-5; query parameters 7e-6, 4e-5, 5e-3; statistics 7e-6, 2e-4, 2e-4; momentum 2e-2, 0.15,
 * 0.17; outputs 1e-5, 4e-4, 5e-3. Two tensors that have nothing in common are 1.4 apart. So these need no slack.
 */
typedef struct tolerance {
    double first, first_deep, later;
} tolerance;

static const tolerance of_key_parameters = { 1e-6, 1e-6, 1e-4 };
static const tolerance of_query_parameters = { 5e-5, 2e-4, 2e-2 };
static const tolerance of_statistics = { 3e-5, 1e-3, 1e-3 };
static const tolerance of_momentum = { 0.06, 0.4, 0.5 };
static const tolerance of_outputs = { 5e-5, 2e-3, 2e-2 };

/* Compares x.r with the reference's, where r is uniform in [-1, 1). If x is off by d, x.r is off by about |d| / sqrt(3)
 * wherever the error is and whatever the size of x, so the tolerance is a share of |x| / sqrt(3). */
static void compare_dot(comparison *c, const char *what, const json_t *expected, const moco_tensor *tensor,
                        tolerance allowed)
{
    const size_t n = (size_t)moco_tensor_numel(tensor);
    float *values = malloc(2 * n * sizeof *values);
    if (!json_is_number(expected) || values == NULL ||
        moco_tensor_to_host(values, n * sizeof *values, tensor) != MOCO_OK) {
        printf("DIFFER %s: step %d: %s: no dot product\n", c->path, c->step, what);
        c->failed += 1;
        free(values);
        return;
    }
    const double share = c->step > 0 ? allowed.later : c->bottleneck ? allowed.first_deep : allowed.first;
    float *random = values + n;
    stream_uniform(random, n, "dot");
    double dot = 0;
    double sumsq = 0;
    for (size_t i = 0; i < n; ++i) {
        dot += (double)values[i] * (double)random[i];
        sumsq += (double)values[i] * (double)values[i];
    }
    golden_check(c, what, "dot", dot, json_number_value(expected), share * sqrt(sumsq / 3) / c->slack);
    free(values);
}

static const moco_tensor *state_tensor(const moco_encoder *encoder, const char *name, bool *parameter)
{
    size_t i = 0;
    while (moco_encoder_state_name(encoder, i) != NULL && strcmp(moco_encoder_state_name(encoder, i), name) != 0) {
        ++i;
    }
    *parameter = moco_encoder_state_is_parameter(encoder, i);
    return moco_tensor_list_get(moco_encoder_state(encoder), i);
}

static void compare_state(comparison *c, const char *which, const json_t *expected, const moco_encoder *encoder,
                          tolerance of_parameters)
{
    for (size_t i = 0; i < json_array_size(c->names); ++i) {
        char what[128];
        bool parameter;
        const char *name = json_string_value(json_array_get(c->names, i));
        const moco_tensor *tensor = state_tensor(encoder, name, &parameter);
        (void)snprintf(what, sizeof what, "%s %s", which, name);
        if (tensor == NULL) {
            printf("DIFFER %s: step %d: %s is missing\n", c->path, c->step, what);
            c->failed += 1;
        } else if (parameter || moco_comm_rank(c->comm) == 0) { /* the reference gives rank 0's statistics */
            compare_dot(c, what, json_array_get(expected, i), tensor, parameter ? of_parameters : of_statistics);
        }
    }
}

/* The momentum buffers are in the order of the parameters, the reference's in that of the state. */
static void compare_momentum(comparison *c, const json_t *expected, const moco_sgd *sgd)
{
    const moco_tensor_list *buffers = moco_sgd_momentum_buffers(sgd);
    size_t next = 0;
    for (size_t i = 0; i < json_array_size(c->names); ++i) {
        if (!json_is_null(json_array_get(expected, i))) {
            char what[128];
            (void)snprintf(what, sizeof what, "momentum %s", json_string_value(json_array_get(c->names, i)));
            compare_dot(c, what, json_array_get(expected, i), moco_tensor_list_get(buffers, next++), of_momentum);
        }
    }
}

static void compare_output(comparison *c, const char *what, const json_t *expected, const moco_tensor *tensor)
{
    compare_dot(c, what, expected, tensor, of_outputs);
}

void compare_outputs(comparison *c, const json_t *expected, const moco_step *step, compare_function compare)
{
    const struct {
        const char *name;
        const moco_tensor *tensor;
    } outputs[] = { { "q", step->q }, { "k", step->k }, { "logits", step->logits } };
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; ++i) {
        const json_t *want = json_object_get(expected, outputs[i].name);
        if (want != NULL) {
            compare(c, outputs[i].name, want, outputs[i].tensor);
        }
    }
}

void compare_dots(comparison *c, const json_t *expected, const moco_step *step, const moco_tensor *queue,
                  moco_model *model)
{
    if (expected == NULL) {
        return; /* later steps of the deepest networks depend on the processor */
    }
    compare_state(c, "encoder_q", json_object_get(expected, "encoder_q"), moco_model_query_encoder(model),
                  of_query_parameters);
    compare_state(c, "encoder_k", json_object_get(expected, "encoder_k"), moco_model_key_encoder(model),
                  of_key_parameters);
    compare_momentum(c, json_object_get(expected, "momentum"), moco_model_sgd(model));
    compare_dot(c, "queue", json_object_get(expected, "queue"), queue, of_outputs);
    compare_outputs(c, expected, step, compare_output);
}
