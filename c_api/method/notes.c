/* Keeps texts by key, which checkpoints hold as metadata. */
#include "method/notes_internal.h"

#include "base/handle_internal.h"
#include "base/utf8_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 100, VALUE_MAX = 4000, OWN_MAX = 64, KEY_SIZE = 128 };

static moco__note *find(const moco__notes *notes, const char *key)
{
    for (size_t i = 0; i < notes->count; ++i) {
        if (strcmp(notes->items[i].key, key) == 0) {
            return &notes->items[i];
        }
    }
    return NULL;
}

static void remove_note(moco__notes *notes, moco__note *note)
{
    free(note->key);
    free(note->value);
    const size_t after = notes->count - (size_t)(note - notes->items) - 1;
    memmove(note, note + 1, after * sizeof *note);
    notes->count -= 1;
}

moco_status moco__notes_set(moco__notes *notes, const char *key, const char *value)
{
    moco__note *known = find(notes, key);
    if (value == NULL) {
        if (known != NULL) {
            remove_note(notes, known);
        }
        return MOCO_OK;
    }
    if (known == NULL) {
        MOCO_GROW(notes->items, notes->room, notes->count, 1);
    }
    moco__note note = { known == NULL ? strdup(key) : NULL, strdup(value) };
    if (note.value == NULL || (known == NULL && note.key == NULL)) {
        free(note.key);
        free(note.value);
        return moco_error_set(MOCO_ENOMEM, "out of memory for metadata");
    }
    if (known == NULL) {
        notes->items[notes->count++] = note;
    } else {
        free(known->value);
        known->value = note.value;
    }
    return MOCO_OK;
}

const char *moco__notes_get(const moco__notes *notes, const char *key)
{
    const moco__note *known = find(notes, key);
    return known != NULL ? known->value : NULL;
}

void moco__notes_clear(moco__notes *notes)
{
    while (notes->count > 0) {
        remove_note(notes, &notes->items[notes->count - 1]);
    }
    free(notes->items);
    *notes = (moco__notes){ 0 };
}

static size_t count_own(const moco__notes *notes)
{
    size_t count = 0;
    for (size_t i = 0; i < notes->count; ++i) {
        count += strncmp(notes->items[i].key, MOCO__NOTE_APP, strlen(MOCO__NOTE_APP)) == 0 ? 1 : 0;
    }
    return count;
}

moco_status moco__notes_set_own(moco__notes *notes, const char *key, const char *value)
{
    char whole[KEY_SIZE];
    const size_t length = strlen(key);
    if (length == 0 || length > KEY_MAX || !moco__is_utf8(key, length)) {
        return moco_error_set(MOCO_EINVALID, "metadata: the key \"%.100s\" must be 1 to %d bytes of UTF-8", key,
                              KEY_MAX);
    }
    if (value != NULL && (strlen(value) > VALUE_MAX || !moco__is_utf8(value, strlen(value)))) {
        return moco_error_set(MOCO_EINVALID, "metadata: the text of \"%s\" has %zu bytes; give up to %d of UTF-8", key,
                              strlen(value), VALUE_MAX);
    }
    (void)snprintf(whole, sizeof whole, MOCO__NOTE_APP "%s", key);
    if (value != NULL && find(notes, whole) == NULL && count_own(notes) == OWN_MAX) {
        return moco_error_set(MOCO_EINVALID, "metadata: there are %d keys already; remove one, or join texts", OWN_MAX);
    }
    return moco__notes_set(notes, whole, value);
}

const char *moco__notes_get_own(const moco__notes *notes, const char *key)
{
    char whole[KEY_SIZE];
    if (strlen(key) > KEY_MAX) {
        return NULL;
    }
    (void)snprintf(whole, sizeof whole, MOCO__NOTE_APP "%s", key);
    return moco__notes_get(notes, whole);
}
