/*
 * Reading pickles, as torch.save writes them, into a tree of values.
 *
 * A pickle is a program; a reader that runs it hands the machine to whoever wrote the file. Here nothing is run: of
 * calls only those few are known that rebuild tensors and ordered dictionaries, and they only make values of the tree.
 * Every other name, opcode, size and offset is refused with a message.
 */
#ifndef MOCO_FORMATS_PICKLE_READ_INTERNAL_H
#define MOCO_FORMATS_PICKLE_READ_INTERNAL_H

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
    MOCO__PICKLE_DICT,   /* items are key, value, key, value; later ones count */
    MOCO__PICKLE_GLOBAL, /* a name of the list */
    MOCO__PICKLE_STORAGE,
    MOCO__PICKLE_TENSOR,
    MOCO__PICKLE_OTHER /* known and without a meaning here, as a device */
} moco__pickle_kind;

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
        size_t global; /* row of the list of names */
        struct {
            const char *key;
            moco_dtype dtype;
            int64_t count; /* elements */
        } storage;
        struct {
            const moco__pickle_value *storage;
            int64_t offset; /* elements */
            size_t ndim;
            const int64_t *sizes, *strides; /* all elements lie within the storage, and are no more than it has */
        } tensor;
    } as;
};

/* Owner of the values of one or several pickles. */
typedef struct moco__pickle moco__pickle;

/* @param path for messages; borrowed */
moco_status moco__pickle_create(moco__pickle **out, const char *path);
void moco__pickle_free(moco__pickle *pickle);

/* Reads a pickle from the start of bytes that outlive the owner. @param[out] used how many it has */
moco_status moco__pickle_read(const moco__pickle_value **root, size_t *used, moco__pickle *pickle, const uint8_t *data,
                              size_t size);

/* The storages that were named, in the order of the file; a key may come several times. NULL beyond the last. */
const moco__pickle_value *moco__pickle_storage(const moco__pickle *pickle, size_t index);

/* The value of a text key; NULL where the value is no dictionary or has no such key. */
const moco__pickle_value *moco__pickle_get(const moco__pickle_value *dict, const char *key);

#endif
