/* Reads numbers of tar headers, and says where an archive is wrong. */
#include "formats/tar_field_internal.h"

bool moco__tar_number(uint64_t *out, const uint8_t *field, size_t size)
{
    uint64_t value = 0;
    size_t i = 0;
    if (field[0] >= 0x80) {
        value = field[0] & 0x7FU;
        for (i = 1; i < size; ++i) {
            if (value >> 55U != 0) {
                return false;
            }
            value = value << 8U | field[i];
        }
        *out = value;
        return true;
    }
    while (i < size && field[i] == ' ') {
        ++i;
    }
    for (; i < size && field[i] >= '0' && field[i] <= '7'; ++i) {
        value = value << 3U | (uint64_t)(field[i] - '0');
    }
    *out = value;
    return i == size || field[i] == '\0' || field[i] == ' ';
}

bool moco__tar_decimal(uint64_t *out, const uint8_t *text, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) {
        if (text[i] < '0' || text[i] > '9' || value > (uint64_t)INT64_MAX / 10 - 1) {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return size > 0;
}

moco_status moco__tar_bad(const moco__source *source, uint64_t at, const char *what)
{
    return moco_error_set(MOCO_EFORMAT, "%s: at offset %llu: %s", moco__source_path(source), (unsigned long long)at,
                          what);
}
