/* Keeps the tensors and texts of a file of weights, and finds them by name. */
#include "weights/weights_list_internal.h"

#include "base/handle_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

moco_status moco__weights_keep(const char **out, moco_weights *weights, const char *text)
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
    MOCO_TRY(moco__weights_keep(&added->view.name, weights, name));
    weights->count += 1;
    return MOCO_OK;
}

moco_status moco__weights_note(moco_weights *weights, const char *key, const char *value)
{
    MOCO_GROW(weights->metadata, weights->metadata_room, weights->metadata_count, 1);
    moco_metadata *added = &weights->metadata[weights->metadata_count];
    MOCO_TRY(moco__weights_keep(&added->key, weights, key));
    MOCO_TRY(moco__weights_keep(&added->value, weights, value));
    weights->metadata_count += 1;
    return MOCO_OK;
}

moco_status moco__weights_pass(moco_weights *weights, const char *name, const char *type)
{
    MOCO_GROW(weights->passed, weights->passed_room, weights->passed_count, 1);
    moco__weights_passed *added = &weights->passed[weights->passed_count];
    MOCO_TRY(moco__weights_keep(&added->name, weights, name));
    MOCO_TRY(moco__weights_keep(&added->type, weights, type));
    weights->passed_count += 1;
    return MOCO_OK;
}

const char *moco__weights_passed_type(const moco_weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->passed_count; ++i) {
        if (strcmp(weights->passed[i].name, name) == 0) {
            return weights->passed[i].type;
        }
    }
    return NULL;
}

size_t moco_weights_left_out(const moco_weights *weights, char *text, size_t size)
{
    const size_t count = weights != NULL ? weights->passed_count : 0;
    const char *holder = weights != NULL ? weights->holder : NULL;
    const bool unusual = holder != NULL && strcmp(holder, "state_dict") != 0 && strcmp(holder, "model") != 0;
    if (text == NULL || size == 0) {
        return count;
    }
    int used = snprintf(text, size, "%s%s", unusual ? "the tensors are those of " : "", unusual ? holder : "");
    if (count > 0 && used >= 0 && (size_t)used < size) {
        (void)snprintf(text + used, size - (size_t)used, "%sleft out %zu %s of other types than networks have%s%s (%s)",
                       used > 0 ? "; " : "", count, count == 1 ? "tensor" : "tensors", count == 1 ? ": " : ", like ",
                       weights->passed[0].name, weights->passed[0].type);
    }
    return count;
}

static int by_name(const void *a, const void *b, void *payload)
{
    const moco__weights_entry *entries = payload;
    return strcmp(entries[*(const size_t *)a].view.name, entries[*(const size_t *)b].view.name);
}

moco_status moco__weights_sort(moco_weights *weights)
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
            return moco_error_set(MOCO_EFORMAT, "%s: tensor \"%.80s\" is repeated", weights->path,
                                  weights->entries[weights->by_name[i]].view.name);
        }
    }
    return MOCO_OK;
}

moco_weights_kind moco_weights_kind_of(const moco_weights *weights)
{
    return weights != NULL ? weights->kind : MOCO_WEIGHTS_SAFETENSORS;
}

size_t moco_weights_count(const moco_weights *weights)
{
    return weights != NULL ? weights->count : 0;
}

const moco_weights_entry *moco_weights_get(const moco_weights *weights, size_t index)
{
    return weights != NULL && index < weights->count ? &weights->entries[index].view : NULL;
}

const moco__weights_entry *moco__weights_find(const moco_weights *weights, const char *name)
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
    const moco__weights_entry *found = weights != NULL && name != NULL ? moco__weights_find(weights, name) : NULL;
    return found != NULL ? &found->view : NULL;
}

const char *moco_weights_metadata(const moco_weights *weights, const char *key)
{
    for (size_t i = weights != NULL && key != NULL ? weights->metadata_count : 0; i > 0; --i) {
        if (strcmp(weights->metadata[i - 1].key, key) == 0) {
            return weights->metadata[i - 1].value;
        }
    }
    return NULL;
}

bool moco_weights_metadata_at(moco_metadata *out, const moco_weights *weights, size_t index)
{
    const bool found = weights != NULL && out != NULL && index < weights->metadata_count;
    if (found) {
        *out = weights->metadata[index];
    }
    return found;
}

bool moco__weights_are_ours(const moco_weights *weights)
{
    const char *generator = moco_weights_metadata(weights, "generator");
    return weights->kind == MOCO_WEIGHTS_CHECKPOINT || (generator != NULL && strncmp(generator, "moco ", 5) == 0);
}
