/* Lists the tensors of a checkpoint with their names. */
#include "train/checkpoint_table_internal.h"

#include "base/handle_internal.h"
#include "method/predictor_internal.h"

#include "formats/safetensors_read_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE "queue"
#define QUEUE_POINTER "queue_ptr"
#define QUEUE_FILLED "queue_filled"

const char *const moco__rank_names[2] = { "ranks.encoder_q", "ranks.encoder_k" };

void moco__table_add(moco__table *t, const char *prefix, const char *name, const moco_tensor *tensor)
{
    (void)snprintf(t->names[t->count], MOCO__TABLE_NAME, "%s%s", prefix, name);
    t->rows[t->count] = (moco_named_tensor){ t->names[t->count], tensor };
    t->count += 1;
}

static void add_encoder(moco__table *t, const char *prefix, const moco_encoder *encoder)
{
    const moco_tensor_list *state = moco_encoder_state(encoder);
    for (size_t i = 0; i < moco_tensor_list_count(state); ++i) {
        moco__table_add(t, prefix, moco_encoder_state_name(encoder, i), moco_tensor_list_get(state, i));
    }
}

static moco_status scalar(moco_tensor **out, int64_t value)
{
    const int64_t one = 1;
    return moco_tensor_from_host(out, NULL, MOCO_INT64, (moco_device){ MOCO_CPU, 0 }, &one, 1, &value);
}

/* Adds the momentum buffers of an encoder's parameters, of which `from` is the first; returns the first of the next. */
static size_t add_buffers(moco__table *t, const char *prefix, const moco_encoder *encoder,
                          const moco_tensor_list *buffers, size_t from)
{
    for (size_t i = 0; moco_encoder_state_name(encoder, i) != NULL; ++i) {
        if (moco_encoder_state_is_parameter(encoder, i)) {
            moco__table_add(t, prefix, moco_encoder_state_name(encoder, i), moco_tensor_list_get(buffers, from++));
        }
    }
    return from;
}

/* Those of the query encoder, of a key encoder that learns, and of a predictor, in the order of the optimiser. */
static void add_momentum_buffers(moco__table *t, const moco_model *model)
{
    const moco_tensor_list *buffers = moco_sgd_momentum_buffers(moco_model_sgd(model));
    const size_t predictor = moco_tensor_list_count(moco_model_predictor(model));
    size_t next = add_buffers(t, "momentum_buffer.", moco_model_query_encoder(model), buffers, 0);
    if (next + predictor < moco_tensor_list_count(buffers)) {
        next = add_buffers(t, "momentum_buffer_k.", moco_model_key_encoder(model), buffers, next);
    }
    for (size_t i = 0; i < predictor; ++i) {
        moco__table_add(t, "momentum_buffer.", moco__predictor_names[i], moco_tensor_list_get(buffers, next + i));
    }
}

/* What queries are compared with, and what changes them. */
static moco_status add_dictionary(moco__table *t, const moco_model *model)
{
    const moco_queue *queue = moco_model_queue(model);
    const moco_tensor_list *predictor = moco_model_predictor(model);
    if (queue != NULL) {
        MOCO_TRY(scalar(&t->queue_ptr, moco_queue_pointer(queue)));
        MOCO_TRY(scalar(&t->queue_filled, moco_queue_filled(queue)));
        moco__table_add(t, QUEUE, "", moco_queue_keys(queue));
        moco__table_add(t, QUEUE_POINTER, "", t->queue_ptr);
        moco__table_add(t, QUEUE_FILLED, "", t->queue_filled);
    }
    if (moco_model_bank(model) != NULL) {
        moco__table_add(t, "bank", "", moco_model_bank(model));
    }
    for (size_t i = 0; i < moco_tensor_list_count(predictor); ++i) {
        moco__table_add(t, "", moco__predictor_names[i], moco_tensor_list_get(predictor, i));
    }
    return MOCO_OK;
}

void moco__table_free(moco__table *t)
{
    moco_tensor_free(t->queue_ptr);
    moco_tensor_free(t->queue_filled);
    moco_tensor_free(t->ranks[0]);
    moco_tensor_free(t->ranks[1]);
    free(t->rows);
    free(t->names);
}

moco_status moco__table_create(moco__table *t, const moco_model *model)
{
    const size_t state = moco_tensor_list_count(moco_encoder_state(moco_model_query_encoder(model)));
    memset(t, 0, sizeof *t);
    t->capacity = 4 * state + 5 + (size_t)2 * MOCO__PREDICTOR_PARAMETERS;
    t->rows = moco__calloc(t->capacity, sizeof *t->rows);
    t->names = moco__calloc(t->capacity, sizeof *t->names);
    if (t->rows == NULL || t->names == NULL) {
        return MOCO_ENOMEM;
    }
    add_encoder(t, "encoder_q.", moco_model_query_encoder(model));
    add_encoder(t, "encoder_k.", moco_model_key_encoder(model));
    MOCO_TRY(add_dictionary(t, model));
    add_momentum_buffers(t, model);
    return MOCO_OK;
}

static moco_status check_tensors(const moco__table *t, const moco__safetensors *file, const char *path)
{
    const moco__safetensors_entry *entry;
    size_t known = t->count;
    for (int e = 0; e < 2; ++e) {
        known += moco__safetensors_find(file, moco__rank_names[e]) != NULL ? 1 : 0;
    }
    if (moco__safetensors_count(file) != known) {
        return moco_error_set(MOCO_EFORMAT, "%s: the file has %zu tensors, but a model of this configuration has %zu",
                              path, moco__safetensors_count(file), known);
    }
    for (size_t i = 0; i < t->count; ++i) {
        MOCO_TRY(moco__safetensors_fits(&entry, t->rows[i].tensor, file, t->rows[i].name));
    }
    return MOCO_OK;
}

/* The value of a tensor of the table that has one int64. */
static int64_t number_of(const moco__safetensors *file, const char *name)
{
    int64_t value;
    memcpy(&value, moco__safetensors_find(file, name)->data, sizeof value);
    return value;
}

moco_status moco__table_check(int64_t *pointer, int64_t *filled, const moco__table *t, const moco__safetensors *file,
                              const char *path)
{
    MOCO_TRY(check_tensors(t, file, path));
    if (t->queue_ptr == NULL) {
        *pointer = *filled = 0;
        return MOCO_OK;
    }
    const int64_t size = moco__safetensors_find(file, QUEUE)->sizes[0];
    const int64_t at = number_of(file, QUEUE_POINTER);
    const int64_t real = number_of(file, QUEUE_FILLED);
    if (at < 0 || at >= size || real < 0 || real > size) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: " QUEUE_POINTER " %lld or " QUEUE_FILLED " %lld does not fit a queue of %lld keys; "
                              "the file is damaged",
                              path, (long long)at, (long long)real, (long long)size);
    }
    *pointer = at;
    *filled = real;
    return MOCO_OK;
}
