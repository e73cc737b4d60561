/* Compares with the numbers of the reference, within what its thread counts and kernels make of them. */
#include "golden_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void golden_check(comparison *c, const char *what, const char *part, double got, double want, double tolerance)
{
    tolerance *= c->slack;
    const double difference = fabs(got - want);
    const double share = tolerance > 0 ? difference / tolerance : difference == 0 ? 0 : INFINITY;
    c->checked += 1;
    if (!(share <= c->worst)) {
        c->worst = share;
        (void)snprintf(c->worst_what, sizeof c->worst_what, "step %d %s %s", c->step, what, part);
    }
    const bool equal = share <= 1;
    c->failed += equal ? 0 : 1;
    if (!equal || c->verbose) {
        printf("%s %s: step %d: %s %s: %.9g, reference %.9g, difference %.3g, tolerance %.3g\n",
               equal ? "  same" : "DIFFER", c->path, c->step, what, part, got, want, difference, tolerance);
    }
}

/* Returns the tolerance of a tensor's first values. */
static double head_tolerance(const comparison *c, const char *what)
{
    const bool first = c->step == 0;
    if (strcmp(what, "logits") == 0) {
        if (c->bottleneck) {
            return first ? 3e-4 : 1e-2;
        }
        return first ? 1e-4 : 1e-3;
    }
    if (strcmp(what, "q") == 0 || strcmp(what, "k") == 0 || strcmp(what, "queue") == 0) {
        return first ? 1e-5 : 1e-3;
    }
    if (!first) {
        return 1e-3;
    }
    return c->bottleneck && strstr(what, " conv1.weight") != NULL ? 5e-4 : 1e-4;
}

static bool same_shape(const json_t *shape, const moco_tensor *tensor)
{
    if (json_array_size(shape) != moco_tensor_ndim(tensor)) {
        return false;
    }
    for (size_t i = 0; i < moco_tensor_ndim(tensor); ++i) {
        if (json_integer_value(json_array_get(shape, i)) != moco_tensor_size(tensor, i)) {
            return false;
        }
    }
    return true;
}

static void compare_tensor(comparison *c, const char *what, const json_t *expected, const moco_tensor *tensor)
{
    const size_t n = (size_t)moco_tensor_numel(tensor);
    float *values = malloc(n * sizeof *values);
    if (!same_shape(json_object_get(expected, "shape"), tensor) || values == NULL ||
        moco_tensor_to_host(values, n * sizeof *values, tensor) != MOCO_OK) {
        printf("DIFFER %s: step %d: %s: another shape\n", c->path, c->step, what);
        c->failed += 1;
        free(values);
        return;
    }
    double sum = 0;
    double sumsq = 0;
    for (size_t i = 0; i < n; ++i) {
        sum += (double)values[i];
        sumsq += (double)values[i] * (double)values[i];
    }
    const double want_sumsq = json_number_value(json_object_get(expected, "sumsq"));
    golden_check(c, what, "sum", sum, json_number_value(json_object_get(expected, "sum")),
                 1e-4 * sqrt(want_sumsq * (double)n));
    golden_check(c, what, "sumsq", sumsq, want_sumsq, (c->step == 0 ? 1e-5 : 1e-4) * want_sumsq);
    const json_t *head = json_object_get(expected, "head");
    for (size_t i = 0; i < json_array_size(head); ++i) {
        char part[32];
        (void)snprintf(part, sizeof part, "[%zu]", i);
        golden_check(c, what, part, (double)values[i], json_number_value(json_array_get(head, i)),
                     head_tolerance(c, what));
    }
    free(values);
}

static void compare_encoder(comparison *c, const char *which, const json_t *expected, const moco_encoder *encoder)
{
    const char *name;
    json_t *want;
    json_object_foreach((json_t *)expected, name, want)
    {
        char what[128];
        (void)snprintf(what, sizeof what, "%s %s", which, name);
        size_t i = 0;
        while (moco_encoder_state_name(encoder, i) != NULL && strcmp(moco_encoder_state_name(encoder, i), name) != 0) {
            ++i;
        }
        if (moco_comm_rank(c->comm) > 0 && !moco_encoder_state_is_parameter(encoder, i)) {
            continue;
        }
        const moco_tensor *tensor = moco_tensor_list_get(moco_encoder_state(encoder), i);
        if (tensor == NULL) {
            printf("DIFFER %s: step %d: %s is missing\n", c->path, c->step, what);
            c->failed += 1;
            continue;
        }
        compare_tensor(c, what, want, tensor);
    }
}

static void compare_number(comparison *c, const json_t *expected, const char *what, double got, double tolerance)
{
    const json_t *want = json_object_get(expected, what);
    if (want != NULL) {
        golden_check(c, what, "", got, json_number_value(want), tolerance);
    }
}

/* Each rank checks its own loss. What else differs between ranks, their running statistics, the reference gives of rank
 * 0 alone. */
static void compare_rank(comparison *c, const json_t *expected, double loss)
{
    const json_t *losses = json_object_get(expected, "loss_per_rank");
    if (losses != NULL) {
        const json_t *want = json_array_get(losses, (size_t)moco_comm_rank(c->comm));
        golden_check(c, "loss of the rank", "", loss, json_number_value(want), c->step == 0 ? 1e-6 : 3e-4);
    }
}

void compare_step(comparison *c, const json_t *expected, const moco_step *step, double loss,
                  const moco_model_means *means, moco_model *model)
{
    compare_rank(c, expected, loss);
    const double one_sample = c->step == 0 ? 0 : 100.0 / (double)c->batch;
    compare_number(c, expected, "loss", means->loss, c->step == 0 ? 1e-6 : 3e-4);
    compare_number(c, expected, "acc1", means->acc1, one_sample + 1e-4);
    compare_number(c, expected, "acc5", means->acc5, one_sample + 1e-4);
    compare_number(c, expected, "queue_ptr", (double)moco_queue_pointer(moco_model_queue(model)), 0);
    compare_outputs(c, expected, step, compare_tensor);
    moco_scope *scope;
    moco_tensor *queue; /* dim x K, as the reference's */
    if (moco_scope_create(&scope) != MOCO_OK ||
        moco_tensor_transpose(&queue, scope, moco_queue_keys(moco_model_queue(model))) != MOCO_OK) {
        c->failed += 1;
        return;
    }
    compare_tensor(c, "queue", json_object_get(expected, "queue"), queue);
    compare_encoder(c, "encoder_q", json_object_get(expected, "encoder_q"), moco_model_query_encoder(model));
    compare_encoder(c, "encoder_k", json_object_get(expected, "encoder_k"), moco_model_key_encoder(model));
    compare_dots(c, json_object_get(expected, "dots"), step, queue, model);
    moco_scope_free(scope);
}
