/* What the parts of the pickle reader share: memory, errors, and the names that may be called. */
#ifndef MOCO_FORMATS_PICKLE_INTERNAL_H
#define MOCO_FORMATS_PICKLE_INTERNAL_H

#include "formats/pickle_read_internal.h"

typedef struct moco__pickle_block moco__pickle_block;

struct moco__pickle {
    const char *path;
    moco__pickle_block *blocks;
    size_t bytes; /* taken so far */
    const moco__pickle_value **storages;
    size_t storage_count, storage_room;
};

/* Memory that lives as long as the owner, zeroed; NULL with the message set where too much is asked for. */
void *moco__pickle_alloc(moco__pickle *pickle, size_t size);
/* A zeroed value. */
moco__pickle_value *moco__pickle_new(moco__pickle *pickle, moco__pickle_kind kind);
/* Adds an item to a tuple, list or dictionary. */
moco_status moco__pickle_push(moco__pickle *pickle, moco__pickle_value *list, moco__pickle_value *item);

/* Refuses the file: "PATH: damaged, or no file of tensors: ...". */
moco_status moco__pickle_refuse(const moco__pickle *pickle, const char *format, ...) MOCO_PRINTF(2, 3);

#ifdef __clang_analyzer__
/* clang's analyzer cannot see that this always fails. NOLINTNEXTLINE */
#define moco__pickle_refuse(...) ((void)moco__pickle_refuse(__VA_ARGS__), MOCO_EFORMAT)
#endif

/* Finds a name in the list. Refuses others. */
moco_status moco__pickle_find_global(size_t *row, const moco__pickle *pickle, const char *module, const char *name);
/* What a call of a name gives. */
moco_status moco__pickle_call(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *callable,
                              moco__pickle_value *arguments);
/* The storage that a persistent id names. */
moco_status moco__pickle_make_storage(moco__pickle_value **out, moco__pickle *pickle, const moco__pickle_value *id);

#endif
