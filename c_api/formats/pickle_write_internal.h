/* Writes pickles (protocol 2 or 4), value by value. The first failure stays in moco__pickler.status. */
#ifndef MOCO_FORMATS_PICKLE_WRITE_INTERNAL_H
#define MOCO_FORMATS_PICKLE_WRITE_INTERNAL_H

#include "base/bytes_internal.h"

typedef struct moco__pickler {
    moco__bytes bytes;
    moco_status status;
} moco__pickler;

void moco__pickler_start(moco__pickler *out, int protocol);
/* Writes an opcode, as '}' or 'R'. */
void moco__pickler_op(moco__pickler *out, char opcode);
void moco__pickler_text(moco__pickler *out, const char *text);
void moco__pickler_int(moco__pickler *out, int64_t number);
void moco__pickler_real(moco__pickler *out, double number);
void moco__pickler_bool(moco__pickler *out, bool truth);
void moco__pickler_global(moco__pickler *out, const char *module, const char *name);
/* Writes a tuple of numbers. */
void moco__pickler_tuple(moco__pickler *out, const int64_t *numbers, size_t count);
/* Writes the head of a bytes object; the caller writes the bytes. */
void moco__pickler_bytes(moco__pickler *out, uint64_t size);
/* Writes an empty OrderedDict. */
void moco__pickler_ordered_dict(moco__pickler *out);
void moco__pickler_free(moco__pickler *out);

#endif
