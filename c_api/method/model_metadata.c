/* Keeps texts with a model, which checkpoints hold as metadata. */
#include "method/model_internal.h"

#include "base/handle_internal.h"
#include "base/utf8_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 100, VALUE_MAX = 4000, NOTES_MAX = 64, KEY_SIZE = 128 };

static moco__note *find(const moco_model *model, const char *key)
{
    for (size_t i = 0; i < model->note_count; ++i) {
        if (strcmp(model->notes[i].key, key) == 0) {
            return &model->notes[i];
        }
    }
    return NULL;
}

static void remove_note(moco_model *model, moco__note *note)
{
    free(note->key);
    free(note->value);
    const size_t after = model->note_count - (size_t)(note - model->notes) - 1;
    memmove(note, note + 1, after * sizeof *note);
    model->note_count -= 1;
}

static moco_status add(moco_model *model, const char *key, const char *value)
{
    moco__note note = { strdup(key), strdup(value) };
    if (model->notes == NULL) {
        model->notes = moco__calloc(NOTES_MAX + MOCO__NOTES_OF_DATA, sizeof *model->notes);
    }
    if (note.key == NULL || note.value == NULL || model->notes == NULL) {
        free(note.key);
        free(note.value);
        return moco_error_set(MOCO_ENOMEM, "model: out of memory for metadata");
    }
    model->notes[model->note_count++] = note;
    return MOCO_OK;
}

moco_status moco__model_note(moco_model *model, const char *key, const char *value)
{
    moco__note *known = find(model, key);
    if (value == NULL) {
        if (known != NULL) {
            remove_note(model, known);
        }
        return MOCO_OK;
    }
    if (known == NULL) {
        return model->note_count < NOTES_MAX + MOCO__NOTES_OF_DATA
                   ? add(model, key, value)
                   : moco_error_set(MOCO_EINVALID, "model: more than %d texts of metadata", NOTES_MAX);
    }
    char *copy = strdup(value);
    if (copy == NULL) {
        return moco_error_set(MOCO_ENOMEM, "model: out of memory for metadata");
    }
    free(known->value);
    known->value = copy;
    return MOCO_OK;
}

const char *moco__model_noted(const moco_model *model, const char *key)
{
    const moco__note *known = find(model, key);
    return known != NULL ? known->value : NULL;
}

void moco__model_forget(moco_model *model)
{
    while (model->note_count > 0) {
        remove_note(model, &model->notes[model->note_count - 1]);
    }
    free(model->notes);
    model->notes = NULL;
}

static size_t count_own(const moco_model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->note_count; ++i) {
        count += strncmp(model->notes[i].key, MOCO__NOTE_APP, strlen(MOCO__NOTE_APP)) == 0 ? 1 : 0;
    }
    return count;
}

moco_status moco_model_set_metadata(moco_model *model, const char *key, const char *value)
{
    MOCO_CHECK_ARG(model);
    MOCO_CHECK_ARG(key);
    char whole[KEY_SIZE];
    const size_t length = strlen(key);
    if (length == 0 || length > KEY_MAX || !moco__is_utf8(key, length)) {
        return moco_error_set(MOCO_EINVALID, "model: the metadata key \"%.100s\" must be 1 to %d bytes of UTF-8", key,
                              KEY_MAX);
    }
    if (value != NULL && (strlen(value) > VALUE_MAX || !moco__is_utf8(value, strlen(value)))) {
        return moco_error_set(MOCO_EINVALID, "model: the metadata \"%s\" has %zu bytes; give up to %d of UTF-8", key,
                              strlen(value), VALUE_MAX);
    }
    (void)snprintf(whole, sizeof whole, MOCO__NOTE_APP "%s", key);
    if (value != NULL && find(model, whole) == NULL && count_own(model) == NOTES_MAX) {
        return moco_error_set(MOCO_EINVALID, "model: metadata has %d keys already; remove one, or join texts",
                              NOTES_MAX);
    }
    return moco__model_note(model, whole, value);
}

const char *moco_model_metadata(const moco_model *model, const char *key)
{
    char whole[KEY_SIZE];
    if (model == NULL || key == NULL || strlen(key) > KEY_MAX) {
        return NULL;
    }
    (void)snprintf(whole, sizeof whole, MOCO__NOTE_APP "%s", key);
    return moco__model_noted(model, whole);
}
