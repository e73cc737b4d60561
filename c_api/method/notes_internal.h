/* Keeps texts by key, which checkpoints hold as metadata. */
#ifndef MOCO_METHOD_NOTES_INTERNAL_H
#define MOCO_METHOD_NOTES_INTERNAL_H

#include "moco/error.h"

/* Keys of what checkpoints hold of an application, and of the data of a run, begin so. */
#define MOCO__NOTE_APP "app."
#define MOCO__NOTE_DATA "data."
#define MOCO__NOTE_IMAGES MOCO__NOTE_DATA "images"
#define MOCO__NOTE_CLASSES MOCO__NOTE_DATA "classes"

typedef struct moco__note {
    char *key, *value;
} moco__note;

/* Zeroed: no texts. */
typedef struct moco__notes {
    moco__note *items;
    size_t count, room;
} moco__notes;

/* Sets a text by its complete key; NULL removes it. */
moco_status moco__notes_set(moco__notes *notes, const char *key, const char *value);
/* Returns a text by its complete key, or NULL. */
const char *moco__notes_get(const moco__notes *notes, const char *key);
void moco__notes_clear(moco__notes *notes);

/* The same for an application's own key, which must be within the bounds of moco_model_set_metadata(). */
moco_status moco__notes_set_own(moco__notes *notes, const char *key, const char *value);
const char *moco__notes_get_own(const moco__notes *notes, const char *key);

#endif
