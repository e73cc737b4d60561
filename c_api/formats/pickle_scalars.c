/* Reads the numbers and texts of a pickle onto its stack. */
#include "formats/pickle_scalars_internal.h"

#include "base/utf8_internal.h"

#include <string.h>

moco_status moco__scalar_bool(moco__machine *m, size_t truth)
{
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_BOOL);
    if (value != NULL) {
        value->as.boolean = truth != 0;
    }
    return moco__machine_push(m, value);
}

static moco_status push_int(moco__machine *m, int64_t number)
{
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_INT);
    if (value != NULL) {
        value->as.integer = number;
    }
    return moco__machine_push(m, value);
}

moco_status moco__scalar_unsigned(moco__machine *m, size_t bytes)
{
    uint64_t number = 0;
    MOCO_TRY(moco__machine_number(&number, m, bytes));
    return push_int(m, (int64_t)number);
}

moco_status moco__scalar_int32(moco__machine *m, size_t bytes)
{
    uint64_t number = 0;
    MOCO_TRY(moco__machine_number(&number, m, bytes));
    return push_int(m, (int32_t)(uint32_t)number);
}

moco_status moco__scalar_long(moco__machine *m, size_t size)
{
    uint64_t count = 0;
    const uint8_t *bytes = NULL;
    MOCO_TRY(moco__machine_number(&count, m, size));
    MOCO_TRY(moco__machine_take(&bytes, m, (size_t)count));
    if (count > sizeof(int64_t)) {
        moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_BIG);
        if (value != NULL) {
            value->as.text.data = (const char *)bytes;
            value->as.text.size = (size_t)count;
        }
        return moco__machine_push(m, value);
    }
    uint64_t number = count > 0 && (bytes[count - 1] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = (size_t)count; i > 0; --i) {
        number = number << 8 | bytes[i - 1];
    }
    return push_int(m, (int64_t)number);
}

moco_status moco__scalar_real(moco__machine *m, size_t size)
{
    const uint8_t *bytes = NULL;
    uint64_t bits = 0;
    MOCO_TRY(moco__machine_take(&bytes, m, size));
    for (size_t i = 0; i < size; ++i) {
        bits = bits << 8 | bytes[i];
    }
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_REAL);
    if (value != NULL) {
        memcpy(&value->as.real, &bits, sizeof bits);
    }
    return moco__machine_push(m, value);
}

static moco_status copy_text(char **out, moco__machine *m, const uint8_t *bytes, size_t count)
{
    if (memchr(bytes, '\0', count) != NULL || !moco__is_utf8((const char *)bytes, count)) {
        return moco__pickle_refuse(m->pickle, "a text before byte %zu is not UTF-8", m->at);
    }
    *out = moco__pickle_alloc(m->pickle, count + 1);
    if (*out == NULL) {
        return MOCO_EFORMAT;
    }
    memcpy(*out, bytes, count);
    return MOCO_OK;
}

/* Takes the length and the bytes of a text. */
static moco_status take_sized(const uint8_t **bytes, size_t *count, moco__machine *m, size_t length_bytes)
{
    uint64_t length = 0;
    MOCO_TRY(moco__machine_number(&length, m, length_bytes));
    MOCO_TRY(moco__machine_take(bytes, m, length > SIZE_MAX ? SIZE_MAX : (size_t)length));
    *count = (size_t)length;
    return MOCO_OK;
}

static moco_status push_text(moco__machine *m, const uint8_t *bytes, size_t count)
{
    char *text = NULL;
    MOCO_TRY(copy_text(&text, m, bytes, count));
    moco__pickle_value *value = moco__pickle_new(m->pickle, MOCO__PICKLE_TEXT);
    if (value != NULL) {
        value->as.text.data = text;
        value->as.text.size = count;
    }
    return moco__machine_push(m, value);
}

static moco_status push_other(moco__machine *m)
{
    return moco__machine_push(m, moco__pickle_new(m->pickle, MOCO__PICKLE_OTHER));
}

/* A text with NULs is binary data in disguise (numpy's scalars are such), and has no meaning here. */
moco_status moco__scalar_text(moco__machine *m, size_t length_bytes)
{
    const uint8_t *bytes = NULL;
    size_t count = 0;
    MOCO_TRY(take_sized(&bytes, &count, m, length_bytes));
    return memchr(bytes, '\0', count) != NULL && moco__is_utf8((const char *)bytes, count) ? push_other(m)
                                                                                           : push_text(m, bytes, count);
}

moco_status moco__scalar_old_text(moco__machine *m, size_t length_bytes)
{
    const uint8_t *bytes = NULL;
    size_t count = 0;
    MOCO_TRY(take_sized(&bytes, &count, m, length_bytes));
    return memchr(bytes, '\0', count) == NULL && moco__is_utf8((const char *)bytes, count) ? push_text(m, bytes, count)
                                                                                           : push_other(m);
}

moco_status moco__scalar_bytes(moco__machine *m, size_t length_bytes)
{
    const uint8_t *bytes = NULL;
    size_t count = 0;
    MOCO_TRY(take_sized(&bytes, &count, m, length_bytes));
    return push_other(m);
}

moco_status moco__scalar_line(char **out, moco__machine *m)
{
    const uint8_t *start = m->data + m->at;
    const uint8_t *end = memchr(start, '\n', m->size - m->at);
    if (end == NULL) {
        return moco__pickle_refuse(m->pickle, "it ends in the middle of a name");
    }
    m->at += (size_t)(end - start) + 1;
    return copy_text(out, m, start, (size_t)(end - start));
}
