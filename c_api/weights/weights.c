/* Tensors and what stands beside them, out of any file; see moco/weights.h. */
#include "weights/weights_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/safetensors_read_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static moco_status keep_text(const char **out, moco_weights *weights, const char *text)
{
    MOCO_GROW(weights->texts, weights->text_room, weights->text_count, 1);
    char *copy = strdup(text);
    if (copy == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for a name");
    }
    weights->texts[weights->text_count++] = copy;
    *out = copy;
    return MOCO_OK;
}

moco_status moco__weights_add(moco_weights *weights, const char *name, const moco__weights_entry *entry)
{
    MOCO_GROW(weights->entries, weights->room, weights->count, 1);
    moco__weights_entry *added = &weights->entries[weights->count];
    *added = *entry;
    MOCO_TRY(keep_text(&added->view.name, weights, name));
    weights->count += 1;
    return MOCO_OK;
}

moco_status moco__weights_note(moco_weights *weights, const char *key, const char *value)
{
    MOCO_GROW(weights->metadata, weights->metadata_room, weights->metadata_count, 1);
    moco_metadata *added = &weights->metadata[weights->metadata_count];
    MOCO_TRY(keep_text(&added->key, weights, key));
    MOCO_TRY(keep_text(&added->value, weights, value));
    weights->metadata_count += 1;
    return MOCO_OK;
}

static moco_status list_safetensors(moco_weights *weights)
{
    const moco_safetensors_entry *entry = NULL;
    moco_metadata row;
    MOCO_TRY(moco__safetensors_open_map(&weights->safetensors, weights->path, weights->map, weights->bytes));
    const char *format = moco_safetensors_metadata(weights->safetensors, "format");
    weights->kind =
        format != NULL && strcmp(format, "moco-checkpoint") == 0 ? MOCO_WEIGHTS_CHECKPOINT : MOCO_WEIGHTS_SAFETENSORS;
    for (size_t i = 0; (entry = moco_safetensors_get(weights->safetensors, i)) != NULL; ++i) {
        const moco__weights_entry mine = { .view = { NULL, entry->dtype, entry->ndim, entry->sizes, entry->bytes },
                                           .data = entry->data };
        MOCO_TRY(moco__weights_add(weights, entry->name, &mine));
    }
    for (size_t i = 0; moco_safetensors_metadata_at(&row, weights->safetensors, i); ++i) {
        MOCO_TRY(moco__weights_note(weights, row.key, row.value));
    }
    return MOCO_OK;
}

static moco_status list_pth(moco_weights *weights)
{
    MOCO_TRY(moco__pth_open(&weights->pth, weights->path, weights->map, weights->bytes));
    weights->kind = moco__pth_is_zip(weights->pth) ? MOCO_WEIGHTS_PTH : MOCO_WEIGHTS_PTH_LEGACY;
    return moco__weights_list_pth(weights);
}

static int by_name(const void *a, const void *b, void *payload)
{
    const moco__weights_entry *entries = payload;
    return strcmp(entries[*(const size_t *)a].view.name, entries[*(const size_t *)b].view.name);
}

/* For finding names; refuses those that are there twice. */
static moco_status sort_names(moco_weights *weights)
{
    weights->by_name = moco__calloc(weights->count + 1, sizeof *weights->by_name);
    if (weights->by_name == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < weights->count; ++i) {
        weights->by_name[i] = i;
    }
    if (weights->count > 1) {
        qsort_r(weights->by_name, weights->count, sizeof *weights->by_name, by_name, weights->entries);
    }
    for (size_t i = 1; i < weights->count; ++i) {
        if (by_name(&weights->by_name[i - 1], &weights->by_name[i], weights->entries) == 0) {
            return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%.80s\" is there twice", weights->path,
                                  weights->entries[weights->by_name[i]].view.name);
        }
    }
    return MOCO_OK;
}

static moco_status open_file(moco_weights *weights)
{
    MOCO_TRY(moco__file_map(&weights->map, &weights->bytes, weights->path));
    MOCO_TRY(moco__pth_begins(weights->map, weights->bytes) ? list_pth(weights) : list_safetensors(weights));
    return sort_names(weights);
}

moco_status moco_weights_open(moco_weights **out, const char *path)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(path);
    moco_weights *weights = moco__handle_alloc(sizeof *weights);
    if (weights == NULL) {
        return MOCO_ENOMEM;
    }
    weights->path = strdup(path);
    const moco_status status =
        weights->path != NULL ? open_file(weights) : moco_error_set(MOCO_ENOMEM, "out of memory for a path");
    if (status != MOCO_OK) {
        moco_weights_free(weights);
        return status;
    }
    *out = weights;
    return MOCO_OK;
}

void moco_weights_free(moco_weights *weights)
{
    if (weights != NULL) {
        moco__pth_free(weights->pth);
        moco_safetensors_free(weights->safetensors);
        if (weights->map != NULL) {
            (void)munmap(weights->map, weights->bytes);
        }
        for (size_t i = 0; i < weights->text_count; ++i) {
            free(weights->texts[i]);
        }
        free(weights->texts);
        free(weights->metadata);
        free(weights->by_name);
        free(weights->entries);
        free(weights->path);
        moco__handle_free(weights);
    }
}

moco_weights_kind moco_weights_kind_of(const moco_weights *weights)
{
    return weights->kind;
}

size_t moco_weights_count(const moco_weights *weights)
{
    return weights->count;
}

const moco_weights_entry *moco_weights_get(const moco_weights *weights, size_t index)
{
    return index < weights->count ? &weights->entries[index].view : NULL;
}

static const moco__weights_entry *find(const moco_weights *weights, const char *name)
{
    size_t low = 0;
    for (size_t high = weights->count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        const moco__weights_entry *entry = &weights->entries[weights->by_name[middle]];
        const int order = strcmp(name, entry->view.name);
        if (order == 0) {
            return entry;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const moco_weights_entry *moco_weights_find(const moco_weights *weights, const char *name)
{
    const moco__weights_entry *found = find(weights, name);
    return found != NULL ? &found->view : NULL;
}

const char *moco_weights_metadata(const moco_weights *weights, const char *key)
{
    for (size_t i = weights->metadata_count; i > 0; --i) {
        if (strcmp(weights->metadata[i - 1].key, key) == 0) {
            return weights->metadata[i - 1].value;
        }
    }
    return NULL;
}

bool moco_weights_metadata_at(moco_metadata *out, const moco_weights *weights, size_t index)
{
    if (index < weights->metadata_count) {
        *out = weights->metadata[index];
    }
    return index < weights->metadata_count;
}

bool moco__weights_are_ours(const moco_weights *weights)
{
    const char *generator = moco_weights_metadata(weights, "generator");
    return weights->kind == MOCO_WEIGHTS_CHECKPOINT || (generator != NULL && strncmp(generator, "moco ", 5) == 0);
}

/* Whether the elements lie in row-major order, one after the other. */
static bool is_row_major(const moco__weights_entry *entry)
{
    int64_t stride = 1;
    for (size_t d = entry->view.ndim; entry->strides != NULL && d > 0; --d) {
        if (entry->view.sizes[d - 1] != 1 && entry->strides[d - 1] != stride) {
            return false;
        }
        stride *= entry->view.sizes[d - 1];
    }
    return true;
}

/* Gathers elements in row-major order: an index counts up, its last digit first. */
static void gather(uint8_t *values, const moco__weights_entry *entry, size_t element)
{
    int64_t index[MOCO__PICKLE_MAX_DIMS] = { 0 };
    const size_t count = entry->view.bytes / element;
    int64_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        memcpy(values + i * element, entry->data + (size_t)at * element, element);
        for (size_t d = entry->view.ndim; d > 0; --d) {
            at += entry->strides[d - 1];
            if (++index[d - 1] < entry->view.sizes[d - 1]) {
                break;
            }
            at -= entry->view.sizes[d - 1] * entry->strides[d - 1];
            index[d - 1] = 0;
        }
    }
}

moco_status moco_weights_read(void *values, size_t bytes, const moco_weights *weights, const char *name)
{
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(weights);
    MOCO_CHECK_ARG(name);
    const moco__weights_entry *entry = find(weights, name);
    if (entry == NULL) {
        return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%s\" is missing", weights->path, name);
    }
    if (bytes != entry->view.bytes) {
        return moco_error_set(MOCO_EINVALID, "%s: tensor \"%s\" has %zu bytes, not %zu", weights->path, name,
                              entry->view.bytes, bytes);
    }
    if (entry->storage != NULL) {
        MOCO_TRY(moco__pth_check(weights->pth, entry->storage));
    }
    if (bytes > 0 && is_row_major(entry)) {
        memcpy(values, entry->data, bytes);
    } else if (bytes > 0) {
        gather(values, entry, moco_dtype_size(entry->view.dtype));
    }
    return MOCO_OK;
}
