/*
 * Writes a checkpoint of the reference: {epoch, arch, state_dict, optimizer}, as its main_moco.py writes it and its
 * scripts for classification and detection read it.
 *
 * Its optimiser has the parameters of both encoders. Those of the key encoder have no gradient, and so no state.
 */
#include "weights/pth_write_internal.h"

#include "moco/checkpoint.h"

#include <stdio.h>
#include <string.h>

#define MODULE "module."

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_parameter(const char *name)
{
    const char *last = strrchr(name, '.');
    return last != NULL && (strcmp(last, ".weight") == 0 || strcmp(last, ".bias") == 0);
}

/* Lists the tensors in the order of the reference's state_dict, then the momentum buffers. */
static moco_status list_tensors(moco__export *job)
{
    const char *const groups[] = { "queue", "encoder_q.", "encoder_k.", "momentum_buffer." };
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; ++g) {
        const moco_weights_entry *entry = NULL;
        for (size_t i = 0; (entry = moco_weights_get(job->weights, i)) != NULL; ++i) {
            if (begins(entry->name, groups[g]) && strcmp(entry->name, "queue_filled") != 0) {
                MOCO_TRY(moco__export_add(job, MODULE, entry->name, entry));
                job->tensors[job->count - 1].transposed = strcmp(entry->name, "queue") == 0;
            }
        }
    }
    return MOCO_OK;
}

static void put_state_dict(moco__pth_writer *out)
{
    moco__pickler_ordered_dict(&out->tree);
    moco__pickler_op(&out->tree, '(');
    for (size_t i = 0; i < out->job->count; ++i) {
        const moco__export_tensor *tensor = &out->job->tensors[i];
        if (!begins(tensor->name, MODULE "momentum_buffer.")) {
            moco__pth_put_tensor(out, tensor->name, tensor);
        }
    }
    moco__pickler_op(&out->tree, 'u');
}

static const moco__export_tensor *find_buffer(const moco__export *job, const char *parameter)
{
    char name[MOCO__EXPORT_NAME + 32];
    (void)snprintf(name, sizeof name, MODULE "momentum_buffer.%s", parameter);
    for (size_t i = 0; i < job->count; ++i) {
        if (strcmp(job->tensors[i].name, name) == 0) {
            return &job->tensors[i];
        }
    }
    return NULL;
}

/* Writes {number of a parameter: {"momentum_buffer": tensor}}. Returns the number of parameters of the encoder. */
static int64_t put_momentum(moco__pth_writer *out)
{
    static const char query[] = MODULE "encoder_q.";
    int64_t count = 0;
    moco__pickler_op(&out->tree, '}');
    moco__pickler_op(&out->tree, '(');
    for (size_t i = 0; i < out->job->count; ++i) {
        const char *name = out->job->tensors[i].name;
        if (!begins(name, query) || !is_parameter(name)) {
            continue;
        }
        const moco__export_tensor *buffer = find_buffer(out->job, name + sizeof query - 1);
        if (buffer != NULL) {
            moco__pickler_int(&out->tree, count);
            moco__pickler_op(&out->tree, '}');
            moco__pickler_text(&out->tree, "momentum_buffer");
            moco__pth_put_value(out, buffer);
            moco__pickler_op(&out->tree, 's');
        }
        count += 1;
    }
    moco__pickler_op(&out->tree, 'u');
    return count;
}

static void put_real(moco__pickler *tree, const char *key, double value)
{
    moco__pickler_text(tree, key);
    moco__pickler_real(tree, value);
}

/* Writes {"state": ..., "param_groups": [{...}]}, which torch's SGD loads. */
static void put_optimizer(moco__pth_writer *out, const moco_config *config)
{
    moco__pickler *tree = &out->tree;
    moco__pickler_op(tree, '}');
    moco__pickler_op(tree, '(');
    moco__pickler_text(tree, "state");
    const int64_t parameters = put_momentum(out);
    moco__pickler_text(tree, "param_groups");
    moco__pickler_op(tree, ']');
    moco__pickler_op(tree, '}');
    moco__pickler_op(tree, '(');
    put_real(tree, "lr", config->lr);
    put_real(tree, "momentum", config->sgd_momentum);
    moco__pickler_text(tree, "dampening");
    moco__pickler_int(tree, 0);
    put_real(tree, "weight_decay", config->weight_decay);
    moco__pickler_text(tree, "nesterov");
    moco__pickler_bool(tree, false);
    moco__pickler_text(tree, "params");
    moco__pickler_op(tree, ']');
    moco__pickler_op(tree, '(');
    for (int64_t i = 0; i < 2 * parameters; ++i) {
        moco__pickler_int(tree, i);
    }
    moco__pickler_op(tree, 'e');
    moco__pickler_op(tree, 'u');
    moco__pickler_op(tree, 'a');
    moco__pickler_op(tree, 'u');
}

static void put_all(moco__pth_writer *out, const moco_config *config, moco_position position)
{
    moco__pickler *tree = &out->tree;
    moco__pickler_start(tree, 2);
    moco__pickler_op(tree, '}');
    moco__pickler_op(tree, '(');
    moco__pickler_text(tree, "epoch");
    moco__pickler_int(tree, (int64_t)position.epoch);
    moco__pickler_text(tree, "arch");
    moco__pickler_text(tree, config->arch);
    moco__pickler_text(tree, "state_dict");
    put_state_dict(out);
    moco__pickler_text(tree, "optimizer");
    put_optimizer(out, config);
    moco__pickler_op(tree, 'u');
}

static moco_status write_reference(moco__export *job, const char *path)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    moco_position position;
    if (moco_weights_kind_of(job->weights) != MOCO_WEIGHTS_CHECKPOINT) {
        return moco_error_set(
            MOCO_EINVALID,
            "%s is not a checkpoint of libmoco, and the reference's format needs both encoders, queue "
            "and optimiser; use the format torchvision, or import it first",
            job->weights->path);
    }
    MOCO_TRY(moco_checkpoint_read_config(&config, &position, job->weights->path));
    if (config.mechanism != MOCO_MECHANISM_MOCO) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: the reference has no mechanism %s, and its format needs a queue; use the format "
                              "torchvision",
                              job->weights->path, moco_config_choice(&config, "mechanism"));
    }
    if (position.batch > 0) {
        moco_log(MOCO_LOG_WARNING,
                 "%s is in the middle of an epoch; the reference counts complete epochs, and starts this one again",
                 job->weights->path);
    }
    job->count = 0;
    MOCO_TRY(list_tensors(job));
    moco__pth_writer out = { .job = job };
    put_all(&out, &config, position);
    const moco_status status = moco__pth_write(&out, path);
    moco__pth_writer_free(&out);
    return status;
}

const moco__exporter moco__exporter_reference = {
    .has_head = true,
    .for_any_shape = true,
    .write = write_reference,
};
