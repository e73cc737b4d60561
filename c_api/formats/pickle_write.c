/* Writes pickles, opcode by opcode. */
#include "formats/pickle_write_internal.h"

#include <string.h>

static void put(moco__pickler *out, const void *data, size_t size)
{
    if (out->status == MOCO_OK) {
        out->status = moco__bytes_append(&out->bytes, data, size);
    }
}

static void put_number(moco__pickler *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i) {
        const uint8_t byte = (uint8_t)(number >> (8 * i));
        put(out, &byte, 1);
    }
}

void moco__pickler_op(moco__pickler *out, char opcode)
{
    put(out, &opcode, 1);
}

void moco__pickler_start(moco__pickler *out, int protocol)
{
    moco__pickler_op(out, (char)0x80);
    put_number(out, (uint64_t)protocol, 1);
}

void moco__pickler_text(moco__pickler *out, const char *text)
{
    const size_t size = strlen(text);
    moco__pickler_op(out, 'X');
    put_number(out, size, 4);
    put(out, text, size);
}

void moco__pickler_int(moco__pickler *out, int64_t number)
{
    if (number >= 0 && number < 256) {
        moco__pickler_op(out, 'K');
        put_number(out, (uint64_t)number, 1);
    } else if (number >= INT32_MIN && number <= INT32_MAX) {
        moco__pickler_op(out, 'J');
        put_number(out, (uint64_t)number, 4);
    } else {
        moco__pickler_op(out, (char)0x8A);
        put_number(out, 8, 1);
        put_number(out, (uint64_t)number, 8);
    }
}

void moco__pickler_real(moco__pickler *out, double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof bits);
    moco__pickler_op(out, 'G');
    for (size_t i = 8; i > 0; --i) {
        put_number(out, bits >> (8 * (i - 1)) & 0xFF, 1);
    }
}

void moco__pickler_bool(moco__pickler *out, bool truth)
{
    moco__pickler_op(out, (char)(truth ? 0x88 : 0x89));
}

void moco__pickler_global(moco__pickler *out, const char *module, const char *name)
{
    moco__pickler_op(out, 'c');
    put(out, module, strlen(module));
    put(out, "\n", 1);
    put(out, name, strlen(name));
    put(out, "\n", 1);
}

void moco__pickler_tuple(moco__pickler *out, const int64_t *numbers, size_t count)
{
    moco__pickler_op(out, '(');
    for (size_t i = 0; i < count; ++i) {
        moco__pickler_int(out, numbers[i]);
    }
    moco__pickler_op(out, 't');
}

void moco__pickler_bytes(moco__pickler *out, uint64_t size)
{
    const bool wide = size > UINT32_MAX;
    moco__pickler_op(out, wide ? (char)0x8E : 'B');
    put_number(out, size, wide ? 8 : 4);
}

void moco__pickler_ordered_dict(moco__pickler *out)
{
    moco__pickler_global(out, "collections", "OrderedDict");
    moco__pickler_op(out, ')');
    moco__pickler_op(out, 'R');
}

void moco__pickler_free(moco__pickler *out)
{
    moco__bytes_free(&out->bytes);
}
