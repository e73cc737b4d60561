/* Saves and loads checkpoints, the complete state of a run in one file. moco/checkpoint.h describes the format. */
#include "train/checkpoint_give_internal.h"

#include "base/device_internal.h"
#include "base/handle_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_read_internal.h"
#include "config/config_stored_internal.h"
#include "formats/safetensors_checksum_internal.h"
#include "formats/safetensors_write_internal.h"
#include "method/model_internal.h"
#include "train/checkpoint_ranks_internal.h"
#include "weights/weights_list_internal.h"

#include "moco/ops.h"
#include "moco/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128, MAX_METADATA = 192, VALUE_SIZE = MOCO_PATH_MAX };

/* Metadata, and the memory of its texts. */
typedef struct metadata {
    moco_metadata rows[MAX_METADATA];
    size_t count;
    char *texts; /* MAX_METADATA x (NAME_SIZE + VALUE_SIZE) */
} metadata;

static char *next_text(metadata *m, char **key)
{
    *key = m->texts + m->count * (NAME_SIZE + VALUE_SIZE);
    m->rows[m->count] = (moco_metadata){ *key, *key + NAME_SIZE };
    m->count += 1;
    return *key + NAME_SIZE;
}

static void add_number(metadata *m, const char *name, uint64_t value)
{
    char *key;
    char *text = next_text(m, &key);
    (void)snprintf(key, NAME_SIZE, "%s", name);
    (void)snprintf(text, VALUE_SIZE, "%" PRIu64, value);
}

static void add_text(metadata *m, const char *name, const char *value)
{
    char *key;
    char *text = next_text(m, &key);
    (void)snprintf(key, NAME_SIZE, "%s", name);
    (void)snprintf(text, VALUE_SIZE, "%s", value);
}

static moco_status check_room(const metadata *m)
{
    return m->count < MAX_METADATA
               ? MOCO_OK
               : moco_error_set(MOCO_EINTERNAL, "checkpoint: there are more options than the %d rows of metadata",
                                MAX_METADATA);
}

/* Adds what the model keeps; the model owns the texts. */
static moco_status add_notes(metadata *m, const moco_model *model)
{
    const moco__notes *notes = &model->notes;
    for (size_t i = 0; i < notes->count; ++i) {
        MOCO_TRY(check_room(m));
        m->rows[m->count++] = (moco_metadata){ notes->items[i].key, notes->items[i].value };
    }
    return MOCO_OK;
}

/* Adds the options, except for the run's folder: a moved or copied run stays the same run. */
static moco_status add_config(metadata *m, const moco_config *config)
{
    const moco_option *option;
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        if (strcmp(option->name, "out") == 0 || moco__config_leaves_out(config, option)) {
            continue;
        }
        MOCO_TRY(check_room(m));
        char *key;
        char *text = next_text(m, &key);
        (void)snprintf(key, NAME_SIZE, MOCO__CHECKPOINT_CONFIG "%s", option->name);
        MOCO_TRY(moco__config_get(config, option, text, VALUE_SIZE));
    }
    return MOCO_OK;
}

/* What is saved, and what takes it. */
typedef struct save_job {
    moco__take_fn take;
    void *payload;
    const moco_model *model;
    moco_position position;
    const moco_config *config;
} save_job;

/* Gives the state away. `ranks`: the statistics of each rank's encoders; NULL with one process. */
static moco_status give(const save_job *job, const moco__statistics *ranks)
{
    const moco_model *model = job->model;
    moco__table t = { 0 };
    metadata m = { .texts = moco__calloc(MAX_METADATA, NAME_SIZE + VALUE_SIZE) };
    if (m.texts == NULL) {
        return MOCO_ENOMEM;
    }
    add_text(&m, "format", MOCO__CHECKPOINT_FORMAT);
    add_text(&m, "version", MOCO__CHECKPOINT_VERSION);
    add_number(&m, "step", job->position.step);
    add_number(&m, "epoch", job->position.epoch);
    add_number(&m, "batch", job->position.batch);
    add_number(&m, "shuffles", moco__model_shuffles(model));
    add_text(&m, "ran_on", moco__device_kind(moco__model_device(model).type));
    moco_status status;
    MOCO_TRY_GOTO(add_config(&m, job->config));
    MOCO_TRY_GOTO(add_notes(&m, model));
    MOCO_TRY_GOTO(moco__table_create(&t, model));
    if (ranks != NULL) {
        MOCO_TRY_GOTO(moco__checkpoint_add_ranks(&t, moco_model_query_encoder(model), &ranks[0], 0));
        if (moco_model_key_encoder(model) != NULL) {
            MOCO_TRY_GOTO(moco__checkpoint_add_ranks(&t, moco_model_key_encoder(model), &ranks[1], 1));
        }
    }
    MOCO_TRY_GOTO(job->take(job->payload, t.rows, t.count, m.rows, m.count));
done:
    moco__table_free(&t);
    free(m.texts);
    return status;
}

/* Gathers the statistics of every rank and lets rank 0 give them away. Every rank keeps its own. */
static moco_status give_of_ranks(const save_job *job)
{
    const moco_model *model = job->model;
    moco_encoder *const encoders[2] = { moco_model_query_encoder(model), moco_model_key_encoder(model) };
    moco_comm *comm = moco__model_comm(model);
    const moco_device device = moco__model_device(model);
    moco__statistics ranks[2] = { { 0 }, { 0 } };
    const int count = encoders[1] != NULL ? 2 : 1;
    moco_status status;
    for (int e = 0; e < count; ++e) {
        MOCO_TRY_GOTO(moco__statistics_gather(&ranks[e], comm, encoders[e], device));
    }
    if (moco_comm_rank(comm) == 0) {
        status = give(job, ranks);
        for (int e = 0; e < count && status == MOCO_OK; ++e) {
            status = moco__statistics_set(encoders[e], ranks[e].all);
        }
    }
done:
    moco__statistics_free(&ranks[0]);
    moco__statistics_free(&ranks[1]);
    return status;
}

/* A checkpoint's settings must describe its tensors, since they are all that a reader has. */
static moco_status check_fit(const moco_model *model, const moco_config *config)
{
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    const moco_mechanism mechanism = model->made.mechanism;
    const bool has_queue = mechanism == MOCO_MECHANISM_MOCO;
    const int64_t queue = has_queue ? moco_queue_size(moco_model_queue(model)) : config->queue_size;
    MOCO_TRY(moco_encoder_describe(&network, moco_model_query_encoder(model)));
    const bool same = strcmp(network.arch, config->arch) == 0 && network.dim == config->dim &&
                      network.mlp == config->mlp && network.cifar_stem == config->cifar_stem;
    if (mechanism != config->mechanism) {
        return moco_error_set(MOCO_EINVALID,
                              "checkpoint: the model has mechanism %d, but config describes one of mechanism %d; set "
                              "config to the model's by moco_config_describe()",
                              (int)mechanism, (int)config->mechanism);
    }
    if (!same || queue != config->queue_size) {
        return moco_error_set(
            MOCO_EINVALID,
            "checkpoint: the model is a %s of dim %lld%s%s with a queue of %lld, but config describes "
            "a %s of dim %lld%s%s with a queue of %lld; set config to the model's",
            network.arch, (long long)network.dim, network.mlp ? ", mlp" : "", network.cifar_stem ? ", cifar_stem" : "",
            (long long)queue, config->arch, (long long)config->dim, config->mlp ? ", mlp" : "",
            config->cifar_stem ? ", cifar_stem" : "", (long long)config->queue_size);
    }
    return MOCO_OK;
}

moco_status moco__checkpoint_give(moco__take_fn take, void *payload, const moco_model *model, moco_position position,
                                  const moco_config *config)
{
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    MOCO_TRY(check_fit(model, &known));
    const save_job job = { take, payload, model, position, &known };
    return moco_comm_world(moco__model_comm(model)) > 1 ? give_of_ranks(&job) : give(&job, NULL);
}

static moco_status to_path(void *payload, const moco_named_tensor *tensors, size_t count, const moco_metadata *texts,
                           size_t text_count)
{
    return moco__safetensors_write_summed(payload, NULL, NULL, tensors, count, texts, text_count);
}

/* Where the bytes of a checkpoint go. */
typedef struct stream {
    moco_write_fn write;
    void *payload;
} stream;

static moco_status to_stream(void *payload, const moco_named_tensor *tensors, size_t count, const moco_metadata *texts,
                             size_t text_count)
{
    const stream *to = payload;
    return moco__safetensors_write_summed(NULL, to->write, to->payload, tensors, count, texts, text_count);
}

moco_status moco_checkpoint_save(const char *path, const moco_model *model, moco_position position,
                                 const moco_config *config)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(model);
    char *to = (char *)(uintptr_t)path; /* only read. NOLINT(performance-no-int-to-ptr) */
    return moco__checkpoint_give(to_path, to, model, position, config);
}

moco_status moco_checkpoint_save_to(moco_write_fn write, void *payload, const moco_model *model, moco_position position,
                                    const moco_config *config)
{
    MOCO_CHECK_ARG(write);
    MOCO_CHECK_ARG(model);
    stream to = { write, payload };
    return moco__checkpoint_give(to_stream, &to, model, position, config);
}

/* Reads every tensor of the table; moco__table_check() has found that they fit. */
static moco_status read_table(const moco__table *t, const moco__safetensors *file)
{
    for (size_t i = 0; i < t->count; ++i) {
        moco_tensor *handle; /* a second handle on the same memory, to write through */
        MOCO_TRY(moco_tensor_detach(&handle, NULL, t->rows[i].tensor));
        const moco_status status = moco__safetensors_read(handle, file, t->rows[i].name);
        moco_tensor_free(handle);
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

/* Reads what the model keeps. */
static moco_status read_notes(moco__notes *notes, const moco__safetensors *file)
{
    moco_metadata row;
    for (size_t i = 0; moco__safetensors_metadata_at(&row, file, i); ++i) {
        if (strncmp(row.key, MOCO__NOTE_APP, strlen(MOCO__NOTE_APP)) == 0 ||
            strncmp(row.key, MOCO__NOTE_DATA, strlen(MOCO__NOTE_DATA)) == 0) {
            MOCO_TRY(moco__notes_set(notes, row.key, row.value));
        }
    }
    return MOCO_OK;
}

/* Reads and checks everything before the model changes. */
static moco_status restore(moco_model *model, const moco__table *t, moco_position *position,
                           const moco__safetensors *file, const char *path)
{
    int64_t pointer, filled;
    uint64_t shuffles = 0;
    moco_position where = { 0 };
    moco__notes notes = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(moco__stored_position(&where, file, path));
    MOCO_TRY_GOTO(moco__stored_number(&shuffles, file, path, "shuffles"));
    MOCO_TRY_GOTO(moco__table_check(&pointer, &filled, t, file, path));
    MOCO_TRY_GOTO(read_notes(&notes, file));
    MOCO_TRY_GOTO(read_table(t, file));
    if (moco_model_queue(model) != NULL) {
        MOCO_TRY_GOTO(moco_queue_restore(moco_model_queue(model), pointer, filled));
    }
    moco__model_set_shuffles(model, shuffles);
    *position = where;
    const moco__notes old = model->notes;
    model->notes = notes;
    notes = old;
done:
    moco__notes_clear(&notes);
    return status;
}

static moco_status read_file(moco_model *model, moco_position *position, const moco__safetensors *file,
                             const char *path)
{
    moco__table t = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(moco__table_create(&t, model));
    MOCO_TRY_GOTO(restore(model, &t, position, file, path));
    moco__checkpoint_warn_of_world(file, path, moco_comm_world(moco__model_comm(model)));
done:
    moco__table_free(&t);
    return status;
}

/* Loads what rank 0 has opened; the other ranks have no file. */
static moco_status load(moco_model *model, moco_position *position, const moco__safetensors *file, const char *path)
{
    moco_position where = { 0 };
    moco_comm *comm = moco__model_comm(model);
    if (moco_comm_rank(comm) == 0) {
        MOCO_TRY(read_file(model, &where, file, path));
    }
    if (moco_comm_world(comm) > 1) {
        MOCO_TRY(moco__checkpoint_share(model, &where, file));
    }
    if (position != NULL) {
        *position = where;
    }
    return MOCO_OK;
}

moco_status moco_checkpoint_load(moco_model *model, moco_position *position, const char *path)
{
    MOCO_CHECK_ARG(model);
    MOCO_CHECK_ARG(path);
    moco__safetensors *file = NULL;
    moco_status status = MOCO_OK;
    if (moco_comm_rank(moco__model_comm(model)) == 0) {
        MOCO_TRY(moco__stored_open(&file, path));
        status = moco__safetensors_verify(file, path);
    }
    status = status == MOCO_OK ? load(model, position, file, path) : status;
    moco__safetensors_free(file);
    return status;
}

moco_status moco_checkpoint_load_from(moco_model *model, moco_position *position, const moco_weights *weights)
{
    MOCO_CHECK_ARG(model);
    if (moco_comm_rank(moco__model_comm(model)) != 0) {
        return load(model, position, NULL, "");
    }
    MOCO_CHECK_ARG(weights);
    if (weights->kind != MOCO_WEIGHTS_CHECKPOINT) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: this is not a checkpoint of libmoco; moco_encoder_from_weights() takes "
                              "other files",
                              weights->path);
    }
    MOCO_TRY(moco__stored_check(weights->safetensors, weights->path));
    return load(model, position, weights->safetensors, weights->path);
}
