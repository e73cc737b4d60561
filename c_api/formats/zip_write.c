/* Writes ZIP archives. */
#include "formats/zip_write_internal.h"

#include <string.h>
#include <zlib.h>

/* Bytes, the date in the format of MS-DOS, and the versions of plain ZIP and of Zip64. */
enum { LOCAL_SIZE = 30, ALIGNMENT = 64, EXTRA_HEADER = 4, DATE_1980 = 0x21, NARROW = 20, WIDE = 45 };

/* A record of little-endian numbers. */
typedef struct fields {
    uint8_t bytes[128];
    size_t size;
} fields;

static void add(fields *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i) {
        out->bytes[out->size++] = (uint8_t)(number >> (8 * i));
    }
}

/* Adds the fields that local header and directory share: version, flags, method, time, checksum, sizes, length of the
 * name. */
static void add_common(fields *out, int version, uint32_t crc, size_t size, size_t name)
{
    add(out, (uint64_t)version, 2);
    add(out, 0, 2);
    add(out, 0, 2);
    add(out, 0, 2);
    add(out, DATE_1980, 2);
    add(out, crc, 4);
    add(out, size, 4);
    add(out, size, 4);
    add(out, name, 2);
}

static moco_status put(moco__zip_writer *zip, const void *data, size_t size)
{
    MOCO_TRY(moco__file_put(&zip->file, data, size));
    zip->at += size;
    return MOCO_OK;
}

moco_status moco__zip_begin(moco__zip_writer *zip, const char *path)
{
    memset(zip, 0, sizeof *zip);
    zip->wide_from = UINT32_MAX;
    return moco__file_begin(&zip->file, path);
}

static moco_status list_record(moco__zip_writer *zip, const char *name, uint32_t crc, size_t size, uint64_t at)
{
    const bool wide = at >= zip->wide_from;
    fields entry = { .size = 0 };
    fields extra = { .size = 0 };
    add(&entry, 0x02014b50, 4);
    add(&entry, wide ? WIDE : NARROW, 2);
    add_common(&entry, wide ? WIDE : NARROW, crc, size, strlen(name));
    if (wide) {
        add(&extra, 1, 2);
        add(&extra, 8, 2);
        add(&extra, at, 8);
    }
    add(&entry, extra.size, 2);
    add(&entry, 0, 2);
    add(&entry, 0, 2);
    add(&entry, 0, 2);
    add(&entry, 0, 4);
    add(&entry, wide ? UINT32_MAX : at, 4);
    MOCO_TRY(moco__bytes_append(&zip->directory, entry.bytes, entry.size));
    MOCO_TRY(moco__bytes_append(&zip->directory, name, strlen(name)));
    zip->count += 1;
    return moco__bytes_append(&zip->directory, extra.bytes, extra.size);
}

moco_status moco__zip_put(moco__zip_writer *zip, const char *name, const void *data, size_t size)
{
    static const uint8_t zeros[ALIGNMENT];
    const size_t length = strlen(name);
    const uint64_t at = zip->at;
    const uint32_t crc = (uint32_t)crc32_z(0, data, size);
    if (size >= UINT32_MAX) {
        return moco_error_set(MOCO_EINVALID, "%s: record %s of %zu bytes is too large; a tensor may have 4 GiB",
                              zip->file.path, name, size);
    }
    const size_t padding = (size_t)(ALIGNMENT - (at + LOCAL_SIZE + length + EXTRA_HEADER) % ALIGNMENT) % ALIGNMENT;
    fields local = { .size = 0 };
    add(&local, 0x04034b50, 4);
    add_common(&local, NARROW, crc, size, length);
    add(&local, EXTRA_HEADER + padding, 2);
    MOCO_TRY(put(zip, local.bytes, local.size));
    MOCO_TRY(put(zip, name, length));
    fields extra = { .size = 0 };
    add(&extra, 0x4246, 2); /* torch's mark of padding */
    add(&extra, padding, 2);
    MOCO_TRY(put(zip, extra.bytes, extra.size));
    MOCO_TRY(put(zip, zeros, padding));
    MOCO_TRY(put(zip, data, size));
    return list_record(zip, name, crc, size, at);
}

/* Adds the second and third end record of a large archive. */
static void add_end64(fields *out, const moco__zip_writer *zip, uint64_t begin)
{
    const uint64_t here = begin + zip->directory.size;
    add(out, 0x06064b50, 4);
    add(out, 44, 8);
    add(out, WIDE, 2);
    add(out, WIDE, 2);
    add(out, 0, 4);
    add(out, 0, 4);
    add(out, zip->count, 8);
    add(out, zip->count, 8);
    add(out, zip->directory.size, 8);
    add(out, begin, 8);
    add(out, 0x07064b50, 4);
    add(out, 0, 4);
    add(out, here, 8);
    add(out, 1, 4);
}

moco_status moco__zip_commit(moco__zip_writer *zip)
{
    const uint64_t begin = zip->at;
    const bool wide = begin >= zip->wide_from || zip->count > UINT16_MAX - 1;
    const uint64_t count = wide ? UINT16_MAX : zip->count;
    fields end = { .size = 0 };
    if (wide) {
        add_end64(&end, zip, begin);
    }
    add(&end, 0x06054b50, 4);
    add(&end, 0, 2);
    add(&end, 0, 2);
    add(&end, count, 2);
    add(&end, count, 2);
    add(&end, wide ? UINT32_MAX : zip->directory.size, 4);
    add(&end, wide ? UINT32_MAX : begin, 4);
    add(&end, 0, 2);
    moco_status status = put(zip, zip->directory.data, zip->directory.size);
    if (status == MOCO_OK) {
        status = put(zip, end.bytes, end.size);
    }
    if (status != MOCO_OK) {
        moco__zip_abort(zip);
        return status;
    }
    moco__bytes_free(&zip->directory);
    return moco__file_commit(&zip->file);
}

void moco__zip_abort(moco__zip_writer *zip)
{
    moco__bytes_free(&zip->directory);
    moco__file_abort(&zip->file);
}
