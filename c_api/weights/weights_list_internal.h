/* Lists the tensors and texts of a file of weights; the reader of each format fills the list. */
#ifndef MOCO_WEIGHTS_WEIGHTS_LIST_INTERNAL_H
#define MOCO_WEIGHTS_WEIGHTS_LIST_INTERNAL_H

#include "moco/weights.h"

#include "formats/pth_read_internal.h"
#include "formats/safetensors_read_internal.h"

typedef struct moco__weights_entry {
    moco_weights_entry view;
    const int64_t *strides;            /* in elements; NULL: row-major */
    const uint8_t *data;               /* first element */
    const moco__pickle_value *storage; /* NULL: a safetensors file */
} moco__weights_entry;

/* A tensor that is there, but of a type that no network has, or without values. */
typedef struct moco__weights_passed {
    const char *name, *type;
} moco__weights_passed;

struct moco_weights {
    char *path;
    moco_weights_kind kind;
    moco__safetensors *safetensors;
    unsigned char *map;
    size_t bytes;
    bool borrows_map; /* the bytes are the application's */
    moco__pth *pth;
    moco__weights_entry *entries; /* in the file's order */
    size_t count, room;
    size_t *by_name;
    moco__weights_passed *passed;
    size_t passed_count, passed_room;
    const char *holder; /* where a file of torch.save has its tensors, as "state_dict"; NULL: at its top */
    moco_metadata *metadata;
    size_t metadata_count, metadata_room;
    char **texts; /* names and metadata made here */
    size_t text_count, text_room;
};

/* Adds a tensor; the name is copied. */
moco_status moco__weights_add(moco_weights *weights, const char *name, const moco__weights_entry *entry);
/* Notes a tensor that is passed over; both texts are copied. */
moco_status moco__weights_pass(moco_weights *weights, const char *name, const char *type);
/* Returns the type of a tensor that was passed over; NULL: no such tensor. */
const char *moco__weights_passed_type(const moco_weights *weights, const char *name);
/* Keeps a copy of a text as long as the weights. */
moco_status moco__weights_keep(const char **out, moco_weights *weights, const char *text);
/* Adds a metadata entry; both texts are copied. */
moco_status moco__weights_note(moco_weights *weights, const char *key, const char *value);

/* Sorts the names, which must be done once after the last tensor; refuses repeated ones. */
moco_status moco__weights_sort(moco_weights *weights);
/* Returns the tensor of a name, or NULL. */
const moco__weights_entry *moco__weights_find(const moco_weights *weights, const char *name);
/* Checks the values of all tensors whose names begin so by their checksums, if the format has some. */
moco_status moco__weights_check(const moco_weights *weights, const char *prefix);

/* Returns whether libmoco wrote the file. */
bool moco__weights_are_ours(const moco_weights *weights);

#endif
