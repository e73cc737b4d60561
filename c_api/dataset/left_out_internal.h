/* Counts what a path holds beside the images of a dataset, and keeps an example of each kind. */
#ifndef MOCO_DATASET_LEFT_OUT_INTERNAL_H
#define MOCO_DATASET_LEFT_OUT_INTERNAL_H

#include "moco/error.h"

#include <stddef.h>

/* Kinds: identifier, one, several, whether it deserves a warning. The order is that of the sentence; index files have
 * the numbers, so that a new kind goes to the end. */
#define MOCO__LEFT_MAP(X)                                                                                              \
    X(MOCO__LEFT_DOTTED, "image with a dot in its key", "images with a dot in their keys", true)                       \
    X(MOCO__LEFT_OUTSIDE, "image outside of the class folders", "images outside of the class folders", true)           \
    X(MOCO__LEFT_UNREADABLE, "folder that cannot be read", "folders that cannot be read", true)                        \
    X(MOCO__LEFT_LABELS, ".cls member without an image", ".cls members without an image", true)                        \
    X(MOCO__LEFT_OTHERS, "file that is not an image", "files that are not images", false)                              \
    X(MOCO__LEFT_BESIDE, "entry that is not a shard", "entries that are not shards", false)                            \
    X(MOCO__LEFT_HIDDEN, "hidden entry", "hidden entries", false)                                                      \
    X(MOCO__LEFT_EMPTY, "folder without images", "folders without images", false)                                      \
    X(MOCO__LEFT_LOOPS, "link to a folder that contains it", "links to folders that contain them", false)              \
    X(MOCO__LEFT_ARRAYS, ".npy array beside image files", ".npy arrays beside image files", false)                     \
    X(MOCO__LEFT_LINKED, "image that is a link in the archive", "images that are links in the archive", true)          \
    X(MOCO__LEFT_UNUSED, "image or folder beside the data files", "images or folders beside the data files", false)    \
    X(MOCO__LEFT_FORMATS, "image whose format or name is not taken", "images whose formats or names are not taken",    \
      true)

typedef enum moco__left_kind {
#define MOCO__LEFT_ENUM(name, one, several, warns) name,
    MOCO__LEFT_MAP(MOCO__LEFT_ENUM)
#undef MOCO__LEFT_ENUM
        MOCO__LEFT_KINDS
} moco__left_kind;

typedef struct moco__left_out {
    struct {
        size_t count;
        char *example; /* NULL: none, or memory was out */
    } of[MOCO__LEFT_KINDS];
} moco__left_out;

/* Returns the kind of a file that has no image's name. */
moco__left_kind moco__left_out_kind(const char *name);

/* Counts one thing. @param folder NULL or "": none; joined to the name @param left NULL: does nothing */
void moco__left_out_note(moco__left_out *left, moco__left_kind kind, const char *folder, const char *name);
/* Counts several at once. */
void moco__left_out_add(moco__left_out *left, moco__left_kind kind, size_t count, const char *example);
/* Adds all of another. */
void moco__left_out_merge(moco__left_out *left, const moco__left_out *other);
void moco__left_out_free(moco__left_out *left);

/* Returns how many things there are, and writes a sentence about them, "" if there are none. */
size_t moco__left_out_text(const moco__left_out *left, char *text, size_t size);
/* Logs the sentence after a path, as a warning if images are among them. */
void moco__left_out_log(const moco__left_out *left, const char *path);

#endif
