/* Holds the values of pickles: their types, their memory, which is freed as one, and look-ups. */
#ifndef MOCO_FORMATS_PICKLE_VALUES_INTERNAL_H
#define MOCO_FORMATS_PICKLE_VALUES_INTERNAL_H

#include "moco/tensor.h"

enum { MOCO__PICKLE_MAX_DIMS = 16 };

typedef enum moco__pickle_kind {
    MOCO__PICKLE_NONE,
    MOCO__PICKLE_BOOL,
    MOCO__PICKLE_INT,
    MOCO__PICKLE_BIG, /* an integer of more than 64 bits, as its bytes */
    MOCO__PICKLE_REAL,
    MOCO__PICKLE_TEXT,
    MOCO__PICKLE_TUPLE,
    MOCO__PICKLE_LIST,
    MOCO__PICKLE_DICT,   /* items are key, value, key, value; the last of equal keys counts */
    MOCO__PICKLE_GLOBAL, /* a name that pickle_names.c knows */
    MOCO__PICKLE_STORAGE,
    MOCO__PICKLE_TENSOR,
    MOCO__PICKLE_OTHER /* known, but without a meaning here, like a device */
} moco__pickle_kind;

/* A type of elements. Networks only have those of moco_dtype; tensors of others are passed over. */
typedef struct moco__pickle_type {
    const char *name; /* torch's, as "float32" */
    size_t bytes;     /* of an element; 0: not known */
    bool known;       /* as dtype */
    moco_dtype dtype;
} moco__pickle_type;

typedef struct moco__pickle_value moco__pickle_value;
struct moco__pickle_value {
    moco__pickle_kind kind;
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            const char *data; /* of TEXT: UTF-8, NUL-terminated, without NULs */
            size_t size;
        } text;
        struct {
            moco__pickle_value **items;
            size_t count, room;
        } list;
        struct {
            const char *module, *name;
            int action;                    /* a moco__pickle_action */
            const moco__pickle_type *type; /* that it names; NULL: none */
        } global;
        struct {
            const char *key;
            const moco__pickle_type *type;
            int64_t count; /* elements */
        } storage;
        struct {
            const moco__pickle_type *type;     /* may be another than that of the storage */
            const moco__pickle_value *storage; /* NULL: quantised, sparse or elsewhere; then it has no sizes */
            int64_t offset;                    /* elements */
            size_t ndim;
            const int64_t *sizes, *strides; /* all elements are inside the storage */
        } tensor;
    } as;
};

typedef struct moco__pickle_block moco__pickle_block;

/* The values of one or several pickles of a file, and their memory. */
typedef struct moco__pickle {
    const char *path; /* for messages; borrowed */
    moco__pickle_block *blocks;
    size_t bytes; /* allocated so far */
    const moco__pickle_value **storages;
    size_t storage_count, storage_room;
} moco__pickle;

/* @param path for messages; borrowed */
moco_status moco__pickle_create(moco__pickle **out, const char *path);
void moco__pickle_free(moco__pickle *pickle);

/* Returns a storage that was named, in the order of the file, in which a key may be repeated; NULL beyond the last. */
const moco__pickle_value *moco__pickle_storage(const moco__pickle *pickle, size_t index);

/* Returns the value of a text key; NULL if `dict` is not a dictionary or has no such key. */
const moco__pickle_value *moco__pickle_get(const moco__pickle_value *dict, const char *key);

/* Returns zeroed memory, which moco__pickle_free() frees; NULL with the message set if the limit is exceeded. */
void *moco__pickle_alloc(moco__pickle *pickle, size_t size);
/* Returns a zeroed value, or NULL with the message set. */
moco__pickle_value *moco__pickle_new(moco__pickle *pickle, moco__pickle_kind kind);
/* Adds an item to a tuple, list or dictionary. */
moco_status moco__pickle_push(moco__pickle *pickle, moco__pickle_value *list, moco__pickle_value *item);

/* Sets the message "PATH: refused as damaged or hostile, ...". Returns ::MOCO_EFORMAT. */
moco_status moco__pickle_refuse(const moco__pickle *pickle, const char *format, ...) MOCO_PRINTF(2, 3);

#ifdef __clang_analyzer__
/* clang's analyzer cannot see that this always fails. NOLINTNEXTLINE */
#define moco__pickle_refuse(...) ((void)moco__pickle_refuse(__VA_ARGS__), MOCO_EFORMAT)
#endif

#endif
