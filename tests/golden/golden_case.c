/* Runs a golden case on the weights, queue, images and permutations that the reference had. */
#include "golden_case.h"

#include "golden_fill.h"
#include "golden_mechanism.h"
#include "golden_ranks.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t integer(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static bool flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static void permutation(int64_t *out, size_t n, uint64_t shuffle, void *payload)
{
    (void)payload;
    char name[32];
    (void)snprintf(name, sizeof name, "perm.%llu", (unsigned long long)shuffle);
    stream_permutation(out, n, name);
}

/* Gives the rows of a step's images that belong to this rank. */
static moco_status images(moco_tensor **out, moco_scope *scope, const json_t *config, const moco_comm *comm,
                          const char *view, int step)
{
    const int64_t size = integer(config, "size");
    const int64_t sizes[4] = { integer(config, "batch"), 3, size, size };
    const size_t n = (size_t)(sizes[0] * 3 * size * size);
    char name[32];
    const char *salt = json_string_value(json_object_get(config, "salt"));
    (void)snprintf(name, sizeof name, "%s.%d%s", view, step, salt != NULL ? salt : "");
    float *values = malloc(n * sizeof *values);
    if (values == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory");
    }
    stream_uniform(values, n, name);
    const moco_device cpu = { MOCO_CPU, 0 };
    const int64_t part = sizes[0] / moco_comm_world(comm);
    moco_tensor *all;
    const moco_status status = moco_tensor_from_host(&all, scope, MOCO_FLOAT32, cpu, sizes, 4, values);
    free(values);
    MOCO_TRY(status);
    return moco_tensor_narrow(out, scope, all, 0, moco_comm_rank(comm) * part, part);
}

/* Reads the device of MOCO_TEST_DEVICE, the CPU without it; each of several ranks has its own. */
static moco_status test_device(moco_device *out, const moco_launch *launch)
{
    const char *name = getenv("MOCO_TEST_DEVICE");
    return moco_launch_device(out, name != NULL ? name : "cpu", launch);
}

static moco_status create_model(moco_model **out, const json_t *config, const golden_options *options,
                                moco_device device, moco_comm *comm)
{
    moco_model_options o = MOCO_MODEL_OPTIONS_INIT;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    moco_sgd_options sgd = MOCO_SGD_OPTIONS_INIT;
    o.encoder = &network;
    o.sgd = &sgd;
    network.arch = json_string_value(json_object_get(config, "arch"));
    network.dim = integer(config, "dim");
    network.mlp = flag(config, "mlp");
    network.cifar_stem = flag(config, "cifar_stem");
    network.bn_splits = integer(config, "bn_splits");
    network.layout = options->layout;
    sgd.weight_decay = real(config, "wd");
    network.device = device;
    o.queue_size = integer(config, "K");
    o.temperature = real(config, "T");
    o.symmetric = flag(config, "symmetric");
    o.permutation = permutation;
    o.comm = comm;
    MOCO_TRY(golden_mechanism_options(&o, config));
    MOCO_TRY(moco_model_create(out, &o));
    MOCO_TRY(golden_fill_encoders(*out));
    return o.mechanism == MOCO_MECHANISM_MOCO ? golden_fill_queue(*out) : golden_fill_mechanism(*out);
}

static moco_status run_step(comparison *c, const json_t *config, const json_t *expected, moco_model *model,
                            moco_scope *scope)
{
    moco_tensor *im_q, *im_k;
    moco_step step;
    moco_model_means means;
    MOCO_TRY(images(&im_q, scope, config, c->comm, "im_q", c->step));
    MOCO_TRY(images(&im_k, scope, config, c->comm, "im_k", c->step));
    MOCO_TRY(golden_mechanism_step(&step, model, im_q, im_k, config, c->step));
    MOCO_TRY(moco_model_read_means(&means, model));
    double loss;
    moco_tensor *q, *logits;
    MOCO_TRY(moco_tensor_item(&loss, step.loss));
    MOCO_TRY(moco_comm_all_gather(&q, scope, c->comm, step.q));
    MOCO_TRY(moco_comm_all_gather(&logits, scope, c->comm, step.logits));
    step.q = q;
    step.logits = logits;
    if (json_object_get(expected, "gradients") != NULL) {
        golden_compare_mechanism(c, expected, &step, loss, &means, model);
    } else {
        compare_step(c, expected, &step, loss, &means, model);
    }
    moco_scope_clear(scope);
    return MOCO_OK;
}

static size_t steps_of(const json_t *root, const golden_options *options)
{
    const size_t all = json_array_size(json_object_get(root, "steps"));
    return options->steps > 0 && options->steps < all ? options->steps : all;
}

static moco_status run_case(comparison *c, const json_t *root, const golden_options *options, moco_device device)
{
    const json_t *config = json_object_get(root, "case");
    const json_t *steps = json_object_get(root, "steps");
    moco_model *model = NULL;
    moco_scope *scope = NULL;
    moco_status status = create_model(&model, config, options, device, c->comm);
    if (status == MOCO_OK) {
        status = moco_scope_create(&scope);
    }
    const size_t count = steps_of(root, options);
    for (size_t t = 0; t < count && status == MOCO_OK; ++t) {
        c->step = (int)t;
        status = run_step(c, config, json_array_get(steps, t), model, scope);
    }
    const bool is_complete = count == json_array_size(steps);
    if (status == MOCO_OK && is_complete && json_object_get(root, "end") != NULL) {
        golden_compare_end(c, json_object_get(root, "end"), model);
    }
    moco_scope_free(scope);
    moco_model_free(model);
    return status;
}

/* Runs a case in this process and prints the result. */
static int run_rank(const char *path, const json_t *root, const golden_options *options, moco_device device,
                    moco_comm *comm)
{
    const json_t *config = json_object_get(root, "case");
    const char *arch = json_string_value(json_object_get(config, "arch"));
    comparison c = { .path = path,
                     .verbose = options->verbose,
                     .slack = options->slack,
                     .batch = integer(config, "batch"),
                     .comm = comm,
                     .names = json_object_get(root, "names") };
    c.bottleneck = strcmp(arch, "resnet18") != 0 && strcmp(arch, "resnet34") != 0;
    const moco_status status = run_case(&c, root, options, device);
    if (status != MOCO_OK) {
        printf("FAILED %s: step %d: %s: %s\n", path, c.step, moco_status_name(status), moco_error_message());
        return 1;
    }
    char rank[32] = "";
    if (moco_comm_world(comm) > 1) {
        (void)snprintf(rank, sizeof rank, " rank %d of %d:", moco_comm_rank(comm), moco_comm_world(comm));
    }
    printf("%s %s:%s %zu steps, %d of %d comparisons differ; largest deviation %.2f of its tolerance (%s)\n",
           c.failed == 0 ? "OK" : "FAILED", path, rank, steps_of(root, options), c.failed, c.checked, c.worst,
           c.worst_what);
    return c.failed == 0 ? 0 : 1;
}

static int report_failure(const char *path, moco_status status)
{
    printf("FAILED %s: %s: %s\n", path, moco_status_name(status), moco_error_message());
    return 1;
}

static int run_alone(const char *path, const json_t *root, const golden_options *options)
{
    const moco_launch launch = MOCO_LAUNCH_INIT;
    moco_device device;
    const moco_status status = test_device(&device, &launch);
    return status == MOCO_OK ? run_rank(path, root, options, device, NULL) : report_failure(path, status);
}

static int join_and_run(const char *path, const json_t *root, const golden_options *options)
{
    moco_launch launch = MOCO_LAUNCH_INIT;
    moco_peers_options peer = MOCO_PEERS_OPTIONS_INIT;
    moco_peers *peers = NULL;
    moco_status status = moco_launch_from_environment(&launch, "torchrun");
    if (status == MOCO_OK) {
        status = test_device(&peer.device, &launch);
    }
    if (status == MOCO_OK) {
        status = moco_peers_join(&peers, &launch, &peer);
    }
    if (status != MOCO_OK) {
        return report_failure(path, status);
    }
    const int result = run_rank(path, root, options, peer.device, moco_peers_comm(peers));
    moco_peers_free(peers);
    return result;
}

int golden_case(const char *path, const json_t *root, const golden_options *options)
{
    const json_t *config = json_object_get(root, "case");
    if (json_string_value(json_object_get(config, "arch")) == NULL ||
        json_array_size(json_object_get(root, "steps")) == 0) {
        printf("FAILED %s: not a golden case: no \"case\" with \"arch\", or no \"steps\"\n", path);
        return 1;
    }
    if (golden_is_rank()) {
        return join_and_run(path, root, options);
    }
    const int64_t world = json_object_get(config, "world") != NULL ? integer(config, "world") : 1;
    return world > 1 ? golden_start_ranks((int)world, options->argv, options->option_count, path)
                     : run_alone(path, root, options);
}
