/* Holds the values of pickles. */
#include "formats/pickle_values_internal.h"

#include "base/handle_internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes. The values of a checkpoint of 3000 tensors take 4 MB. */
enum { BLOCK_BYTES = 1 << 16, MEMORY_MAX = 1 << 28 };

struct moco__pickle_block {
    moco__pickle_block *next;
    size_t used, room;
    max_align_t data[];
};

moco_status moco__pickle_create(moco__pickle **out, const char *path)
{
    moco__pickle *pickle = moco__calloc(1, sizeof *pickle);
    if (pickle == NULL) {
        return MOCO_ENOMEM;
    }
    pickle->path = path;
    *out = pickle;
    return MOCO_OK;
}

void moco__pickle_free(moco__pickle *pickle)
{
    if (pickle != NULL) {
        for (moco__pickle_block *block = pickle->blocks; block != NULL;) {
            moco__pickle_block *next = block->next;
            free(block);
            block = next;
        }
        free(pickle->storages);
        free(pickle);
    }
}

void *moco__pickle_alloc(moco__pickle *pickle, size_t size)
{
    const size_t rounded = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (size > MEMORY_MAX || pickle->bytes + rounded > MEMORY_MAX) {
        (void)moco__pickle_refuse(pickle, "its index alone would take more than %d MB", MEMORY_MAX >> 20);
        return NULL;
    }
    moco__pickle_block *block = pickle->blocks;
    if (block == NULL || block->room - block->used < rounded) {
        const size_t room = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = moco__calloc(1, sizeof *block + room);
        if (block == NULL) {
            return NULL;
        }
        block->room = room;
        block->next = pickle->blocks;
        pickle->blocks = block;
    }
    void *memory = (char *)block->data + block->used;
    block->used += rounded;
    pickle->bytes += rounded;
    return memory;
}

moco__pickle_value *moco__pickle_new(moco__pickle *pickle, moco__pickle_kind kind)
{
    moco__pickle_value *value = moco__pickle_alloc(pickle, sizeof *value);
    if (value != NULL) {
        value->kind = kind;
    }
    return value;
}

moco_status moco__pickle_push(moco__pickle *pickle, moco__pickle_value *list, moco__pickle_value *item)
{
    if (list->as.list.count == list->as.list.room) {
        const size_t room = list->as.list.room > 0 ? 2 * list->as.list.room : 4;
        moco__pickle_value **items = moco__pickle_alloc(pickle, room * sizeof(void *));
        if (items == NULL) {
            return MOCO_EFORMAT;
        }
        if (list->as.list.count > 0) {
            memcpy(items, list->as.list.items, list->as.list.count * sizeof(void *));
        }
        list->as.list.items = items;
        list->as.list.room = room;
    }
    list->as.list.items[list->as.list.count++] = item;
    return MOCO_OK;
}

moco_status(moco__pickle_refuse)(const moco__pickle *pickle, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return moco_error_set(MOCO_EFORMAT, "%s: refused as damaged or hostile, and nothing in it was executed: %s",
                          pickle->path, text);
}

const moco__pickle_value *moco__pickle_storage(const moco__pickle *pickle, size_t index)
{
    return index < pickle->storage_count ? pickle->storages[index] : NULL;
}

const moco__pickle_value *moco__pickle_get(const moco__pickle_value *dict, const char *key)
{
    if (dict == NULL || dict->kind != MOCO__PICKLE_DICT) {
        return NULL;
    }
    for (size_t i = dict->as.list.count; i >= 2; i -= 2) {
        const moco__pickle_value *name = dict->as.list.items[i - 2];
        if (name->kind == MOCO__PICKLE_TEXT && strcmp(name->as.text.data, key) == 0) {
            return dict->as.list.items[i - 1];
        }
    }
    return NULL;
}
