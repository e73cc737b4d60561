/* Reads sparse files of GNU tar. */
#include "formats/tar_sparse_internal.h"

#include <string.h>

/* Offsets and bytes of the old format's fields. Limits: bytes of a file with its holes, and parts of it. */
enum {
    PARTS_AT = 386,
    PARTS = 4,
    PART_SIZE = 24,
    NUMBER_SIZE = 12,
    MORE_AT = 482,
    REAL_SIZE_AT = 483,
    PARTS_OF_BLOCK = 21,
    MORE_OF_BLOCK_AT = 504,
    FILE_MAX = 1 << 26,
    PARTS_MAX = 1 << 16
};

static const char damaged[] = "the map of a sparse file is damaged";

void moco__sparse_clear(moco__sparse *sparse)
{
    sparse->numbers.size = 0;
    sparse->size = 0;
    sparse->is_sparse = sparse->map_in_content = false;
}

void moco__sparse_free(moco__sparse *sparse)
{
    moco__bytes_free(&sparse->numbers);
}

static size_t count_of(const moco__sparse *sparse)
{
    return sparse->numbers.size / sizeof(uint64_t);
}

static uint64_t number_at(const moco__sparse *sparse, size_t index)
{
    uint64_t number;
    memcpy(&number, sparse->numbers.data + index * sizeof number, sizeof number);
    return number;
}

static moco_status add(moco__sparse *sparse, uint64_t number)
{
    return moco__bytes_append(&sparse->numbers, (const uint8_t *)&number, sizeof number);
}

/* Takes "offset,size,offset,size,...". */
static moco_status take_list(moco__sparse *sparse, const moco__source *source, uint64_t at, const uint8_t *text,
                             size_t size)
{
    for (size_t from = 0; from < size;) {
        const uint8_t *comma = memchr(text + from, ',', size - from);
        const size_t length = comma != NULL ? (size_t)(comma - text) - from : size - from;
        uint64_t number = 0;
        if (!moco__tar_decimal(&number, text + from, length)) {
            return moco__tar_bad(source, at, damaged);
        }
        MOCO_TRY(add(sparse, number));
        from += length + 1;
    }
    return MOCO_OK;
}

moco_status moco__sparse_take(moco__sparse *sparse, const moco__source *source, uint64_t at, const uint8_t *record,
                              size_t size)
{
    const uint8_t *equals = memchr(record, '=', size);
    const size_t key = equals != NULL ? (size_t)(equals - record) : size;
    const uint8_t *value = record + key + (equals != NULL);
    const size_t length = size - key - (equals != NULL);
    uint64_t number = 0;
    sparse->is_sparse = true;
    if (key == 3 && memcmp(record, "map", key) == 0) {
        sparse->numbers.size = 0;
        return take_list(sparse, source, at, value, length);
    }
    if (!moco__tar_decimal(&number, value, length)) {
        return moco__tar_bad(source, at, damaged);
    }
    if ((key == 6 && memcmp(record, "offset", key) == 0) || (key == 8 && memcmp(record, "numbytes", key) == 0)) {
        return add(sparse, number);
    }
    if ((key == 4 && memcmp(record, "size", key) == 0) || (key == 8 && memcmp(record, "realsize", key) == 0)) {
        sparse->size = number;
    }
    if (key == 5 && memcmp(record, "major", key) == 0) {
        sparse->map_in_content = number == 1;
    }
    return MOCO_OK;
}

/* Takes the parts of an old header or of a block that continues it; an empty field ends them. */
static moco_status take_parts(moco__sparse *sparse, const moco__source *source, uint64_t at, const uint8_t *parts,
                              size_t count)
{
    for (size_t i = 0; i < count && parts[i * PART_SIZE] != 0; ++i) {
        for (size_t field = 0; field < 2; ++field) {
            uint64_t number = 0;
            if (!moco__tar_number(&number, parts + i * PART_SIZE + field * NUMBER_SIZE, NUMBER_SIZE)) {
                return moco__tar_bad(source, at, damaged);
            }
            MOCO_TRY(add(sparse, number));
        }
    }
    return MOCO_OK;
}

static moco_status read_block(uint8_t *block, moco__source *source, uint64_t at)
{
    size_t got = 0;
    MOCO_TRY(moco__source_seek(source, at));
    MOCO_TRY(moco__source_read(source, block, MOCO__TAR_BLOCK, &got));
    return got == MOCO__TAR_BLOCK ? MOCO_OK
                                  : moco__tar_bad(source, at, "the archive ends inside of a member; it is truncated");
}

moco_status moco__sparse_take_old(moco__sparse *sparse, moco__source *source, const uint8_t *header, uint64_t *data)
{
    uint8_t block[MOCO__TAR_BLOCK];
    sparse->is_sparse = true;
    if (!moco__tar_number(&sparse->size, header + REAL_SIZE_AT, NUMBER_SIZE)) {
        return moco__tar_bad(source, *data, damaged);
    }
    MOCO_TRY(take_parts(sparse, source, *data, header + PARTS_AT, PARTS));
    for (bool more = header[MORE_AT] != 0; more; more = block[MORE_OF_BLOCK_AT] != 0) {
        if (count_of(sparse) / 2 > PARTS_MAX) {
            return moco__tar_bad(source, *data, "a sparse file has too many parts");
        }
        MOCO_TRY(read_block(block, source, *data));
        MOCO_TRY(take_parts(sparse, source, *data, block, PARTS_OF_BLOCK));
        *data += MOCO__TAR_BLOCK;
    }
    return MOCO_OK;
}

/* Reads lines of decimal numbers: how many parts there are, then offset and size of each. */
static moco_status read_map(moco__sparse *sparse, moco__source *source, uint64_t *data, uint64_t *stored)
{
    uint8_t block[MOCO__TAR_BLOCK];
    uint64_t number = 0;
    uint64_t left = 1; /* numbers to read; the first one tells how many follow */
    size_t digits = 0;
    bool counted = false;
    sparse->numbers.size = 0;
    while (left > 0) {
        if (*stored < MOCO__TAR_BLOCK) {
            return moco__tar_bad(source, *data, damaged);
        }
        MOCO_TRY(read_block(block, source, *data));
        for (size_t i = 0; i < MOCO__TAR_BLOCK && left > 0; ++i) {
            if (block[i] >= '0' && block[i] <= '9' && ++digits < 19) {
                number = number * 10 + (uint64_t)(block[i] - '0');
                continue;
            }
            if (block[i] != '\n' || digits == 0 || (!counted && number > PARTS_MAX)) {
                return moco__tar_bad(source, *data, damaged);
            }
            if (counted) {
                MOCO_TRY(add(sparse, number));
            }
            left = counted ? left - 1 : 2 * number;
            counted = true;
            number = 0;
            digits = 0;
        }
        *data += MOCO__TAR_BLOCK;
        *stored -= MOCO__TAR_BLOCK;
    }
    return MOCO_OK;
}

moco_status moco__sparse_finish(moco__sparse *sparse, moco__source *source, uint64_t at, uint64_t *data, uint64_t *size)
{
    uint64_t end = 0;
    uint64_t sum = 0;
    if (sparse->map_in_content) {
        MOCO_TRY(read_map(sparse, source, data, size));
    }
    if (count_of(sparse) % 2 != 0 || count_of(sparse) / 2 > PARTS_MAX) {
        return moco__tar_bad(source, at, damaged);
    }
    for (size_t i = 0; i < count_of(sparse); i += 2) {
        const uint64_t from = number_at(sparse, i);
        const uint64_t length = number_at(sparse, i + 1);
        if (from < end || from > sparse->size || length > sparse->size - from) {
            return moco__tar_bad(source, at, damaged);
        }
        end = from + length;
        sum += length;
    }
    if (sum > *size) {
        return moco__tar_bad(source, at, damaged);
    }
    *size = sparse->size;
    return MOCO_OK;
}

moco_status moco__sparse_content(const moco__sparse *sparse, moco__source *source, uint64_t data, moco__bytes *out)
{
    if (sparse->size > FILE_MAX) {
        return moco__tar_bad(source, data, "a sparse file of more than 64 MB; make the archive again without --sparse");
    }
    MOCO_TRY(moco__bytes_resize(out, (size_t)sparse->size));
    if (sparse->size > 0) {
        memset(out->data, 0, (size_t)sparse->size);
    }
    MOCO_TRY(moco__source_seek(source, data));
    for (size_t i = 0; i < count_of(sparse); i += 2) {
        const size_t length = (size_t)number_at(sparse, i + 1);
        size_t got = 0;
        if (length == 0) { /* of an empty file, which has no memory */
            continue;
        }
        MOCO_TRY(moco__source_read(source, out->data + number_at(sparse, i), length, &got));
        if (got < length) {
            return moco__tar_bad(source, data, "the archive ends inside of a member; it is truncated");
        }
    }
    return MOCO_OK;
}
