/* Makes a new run from a file of weights: the state in the file becomes the run's first checkpoint. */
#include "base/handle_internal.h"
#include "base/text_internal.h"
#include "config/config_read_internal.h"
#include "method/model_internal.h"
#include "train/run_identity_internal.h"
#include "train/run_lock_internal.h"
#include "train/run_open_internal.h"
#include "weights/adapt_input_internal.h"
#include "weights/weights_list_internal.h"

#include "moco/ops.h"
#include "moco/preset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128 };

/* What is imported, and from where. */
typedef struct source {
    const moco_weights *weights;
    moco_network network;
    char base[64]; /* the prefix of "queue": the encoder's prefix without the encoder's name */
} source;

static moco_status open_source(source *out, const moco_weights *weights)
{
    out->weights = weights;
    if (weights->kind == MOCO_WEIGHTS_CHECKPOINT) {
        return moco_error_set(MOCO_EINVALID,
                              "%s: a checkpoint of libmoco needs no import; continue the run by moco_resume()",
                              weights->path);
    }
    MOCO_TRY(moco_weights_network(&out->network, weights, MOCO_QUERY));
    (void)snprintf(out->base, sizeof out->base, "%s", out->network.prefix);
    char *name = strstr(out->base, "encoder_q.");
    if (name != NULL) {
        *name = '\0';
    }
    return MOCO_OK;
}

static const moco_weights_entry *find(const source *from, const char *name)
{
    char whole[NAME_SIZE];
    (void)snprintf(whole, sizeof whole, "%s%s", from->base, name);
    return moco_weights_find(from->weights, whole);
}

/* Returns the queue, dim x K in the reference's files; NULL if there is none. */
static const moco_weights_entry *find_queue(const source *from)
{
    const moco_weights_entry *queue = find(from, "queue");
    return queue != NULL && queue->ndim == 2 ? queue : NULL;
}

static moco_status set_config(moco_config *config, const source *from)
{
    const moco_network *network = &from->network;
    const moco_weights_entry *queue = find_queue(from);
    const char *momentum = moco_weights_metadata(from->weights, "optimizer.momentum");
    const char *decay = moco_weights_metadata(from->weights, "optimizer.weight_decay");
    if (network->mlp) {
        MOCO_TRY(moco_config_apply_preset(config, "v2"));
    }
    MOCO_TRY(moco_config_set(config, "arch", network->arch));
    config->dim = network->dim > 0 ? network->dim : config->dim;
    config->mlp = network->mlp;
    config->cifar_stem = network->cifar_stem;
    config->channels = moco__weights_channels(from->weights, network);
    config->queue_size = queue != NULL ? queue->sizes[1] : config->queue_size;
    if (momentum != NULL) {
        MOCO_TRY(moco_config_set(config, "sgd-momentum", momentum));
    }
    return decay != NULL ? moco_config_set(config, "weight-decay", decay) : MOCO_OK;
}

moco_status moco_run_import_config(moco_config *config, const char *path)
{
    moco_config changed;
    moco_weights *weights;
    MOCO_TRY(moco__config_read(&changed, config));
    MOCO_TRY(moco_weights_open(&weights, path));
    source from;
    moco_status status = open_source(&from, weights);
    if (status == MOCO_OK) {
        status = set_config(&changed, &from);
    }
    moco_weights_free(weights);
    if (status == MOCO_OK) {
        moco__config_write(config, &changed);
    }
    return status;
}

static moco_status check_fit(const moco_config *config, const source *from)
{
    const moco_network *network = &from->network;
    const moco_weights_entry *queue = find_queue(from);
    const bool head = network->dim == 0 || (network->dim == config->dim && network->mlp == config->mlp);
    if (strcmp(config->arch, network->arch) != 0 || config->cifar_stem != network->cifar_stem || !head) {
        return moco_error_set(MOCO_EINVALID,
                              "%s holds a %s%s with a head of %lld%s; the run's network must be the same",
                              from->weights->path, network->arch, network->cifar_stem ? " (cifar-stem)" : "",
                              (long long)network->dim, network->mlp ? " (mlp)" : "");
    }
    if (queue != NULL && (queue->sizes[1] != config->queue_size || queue->sizes[0] != config->dim)) {
        return moco_error_set(MOCO_EINVALID, "%s holds a queue of %lld keys; use queue-size %lld", from->weights->path,
                              (long long)queue->sizes[1], (long long)queue->sizes[1]);
    }
    return MOCO_OK;
}

static moco_status read_encoders(moco_model *model, const source *from)
{
    moco_network key;
    MOCO_TRY(moco_weights_read_encoder(moco_model_query_encoder(model), from->weights, &from->network));
    if (from->network.dim == 0) {
        moco_log(MOCO_LOG_WARNING, "%s has no head; the run starts with a random one", from->weights->path);
    }
    if (moco_weights_network(&key, from->weights, MOCO_KEY) == MOCO_OK) {
        return moco_weights_read_encoder(moco_model_key_encoder(model), from->weights, &key);
    }
    moco_log(MOCO_LOG_WARNING, "%s has no key encoder; the run starts with a copy of the query encoder",
             from->weights->path);
    const moco_tensor_list *state = moco_encoder_state(moco_model_query_encoder(model));
    const moco_tensor_list *copies = moco_encoder_state(moco_model_key_encoder(model));
    for (size_t i = 0; i < moco_tensor_list_count(state); ++i) {
        MOCO_TRY(moco_tensor_copy(moco_tensor_list_get(copies, i), moco_tensor_list_get(state, i)));
    }
    return MOCO_OK;
}

static moco_status read_pointer(int64_t *out, const source *from)
{
    const moco_weights_entry *entry = find(from, "queue_ptr");
    *out = 0;
    if (entry == NULL) {
        return MOCO_OK;
    }
    if (entry->dtype != MOCO_INT64 || entry->bytes != sizeof *out) {
        return moco_error_set(MOCO_EFORMAT, "%s: queue_ptr is not a single integer", from->weights->path);
    }
    return moco_weights_read(out, sizeof *out, from->weights, entry->name);
}

/* Reads the queue. The reference's queue has keys as columns, a run's queue has them as rows. */
static moco_status read_queue(moco_model *model, const source *from, moco_scope *scope)
{
    moco_queue *queue = moco_model_queue(model);
    const moco_weights_entry *entry = find_queue(from);
    if (entry == NULL) {
        moco_log(MOCO_LOG_WARNING, "%s has no queue; the run starts with random keys", from->weights->path);
        return MOCO_OK;
    }
    int64_t pointer = 0;
    moco_tensor *columns, *rows;
    MOCO_TRY(moco_tensor_empty(&columns, scope, MOCO_FLOAT32, (moco_device){ MOCO_CPU, 0 }, entry->sizes, 2));
    MOCO_TRY(moco_weights_read_tensor(columns, from->weights, entry->name));
    MOCO_TRY(moco_tensor_transpose(&rows, scope, columns));
    MOCO_TRY(moco_tensor_copy(moco_queue_keys(queue), rows));
    MOCO_TRY(read_pointer(&pointer, from));
    return moco_queue_restore(queue, pointer, moco_queue_size(queue));
}

static moco_status read_momentum(moco_model *model, const source *from)
{
    const moco_tensor_list *buffers = moco_sgd_momentum_buffers(moco_model_sgd(model));
    const size_t count = moco_tensor_list_count(buffers);
    size_t found = 0;
    for (size_t i = 0; i < count; ++i) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof name, "optimizer.momentum_buffer.%zu", i);
        moco_tensor *buffer = moco_tensor_list_get(buffers, i);
        const moco_weights_entry *entry = moco_weights_find(from->weights, name);
        if (entry != NULL && !moco__adapts_input(entry, buffer)) {
            MOCO_TRY(moco_weights_read_tensor(buffer, from->weights, name));
            found += 1;
        }
    }
    if (found < count) {
        moco_log(MOCO_LOG_WARNING, "%s has %zu of %zu momentum buffers; the others start at zero", from->weights->path,
                 found, count);
    }
    return MOCO_OK;
}

/* Reads the number of complete epochs that led to the file. */
static moco_status read_epoch(uint64_t *out, const moco_config *config, const source *from)
{
    const char *text = moco_weights_metadata(from->weights, "epoch");
    *out = text != NULL && *text >= '0' && *text <= '9' ? strtoull(text, NULL, 10) : 0;
    if (*out >= (uint64_t)config->epochs) {
        return moco_error_set(MOCO_EINVALID,
                              "%s has trained for %" PRIu64 " epoch%s, and the run has only %lld; raise epochs",
                              from->weights->path, *out, moco__plural(*out), (long long)config->epochs);
    }
    return MOCO_OK;
}

static moco_status fill(moco_model *model, const source *from)
{
    moco_scope *scope;
    MOCO_TRY(read_encoders(model, from));
    MOCO_TRY(moco_scope_create(&scope));
    const moco_status status = read_queue(model, from, scope);
    moco_scope_free(scope);
    MOCO_TRY(status);
    return read_momentum(model, from);
}

static moco_status import(moco__run_setup *run, const moco_weights *weights)
{
    source from;
    char path[MOCO_PATH_MAX];
    moco_position position = { 0 };
    MOCO_TRY(open_source(&from, weights));
    MOCO_TRY(moco__run_check_places(run));
    MOCO_TRY(moco__run_refuse_used_folder(run->config.out));
    MOCO_TRY(check_fit(&run->config, &from));
    MOCO_TRY(read_epoch(&position.epoch, &run->config, &from));
    MOCO_TRY(moco__run_open(run));
    MOCO_TRY(moco__run_open_sampler(run, position));
    position.step = position.epoch * run->epoch_steps;
    if (run->config.max_steps > 0 && position.step >= (uint64_t)run->config.max_steps) {
        return moco_error_set(MOCO_EINVALID,
                              "%s has trained for %" PRIu64 " steps, and the run has only %lld; raise max-steps",
                              from.weights->path, position.step, (long long)run->config.max_steps);
    }
    MOCO_TRY(fill(run->model, &from));
    moco__model_set_shuffles(run->model, position.step * (run->config.symmetric ? 2 : 1));
    int lock = MOCO__RUN_UNLOCKED;
    MOCO_TRY(moco__run_note_identity(run));
    MOCO_TRY(moco__run_create_folder(&run->config, &lock, false));
    moco_status status = moco_checkpoint_path(path, sizeof path, run->config.out, position.step);
    if (status == MOCO_OK) {
        status = moco_checkpoint_save(path, run->model, position, &run->config);
    }
    moco__run_unlock(&lock);
    return status;
}

moco_status moco_run_import(const moco_config *config, const char *path)
{
    moco__run_setup run = { .peers = NULL };
    moco_weights *weights;
    MOCO_TRY(moco__config_read(&run.config, config));
    MOCO_TRY(moco_weights_open(&weights, path));
    const moco_status status = import(&run, weights);
    moco__run_close_setup(&run);
    moco_weights_free(weights);
    return status;
}
