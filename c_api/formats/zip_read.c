/* Reads ZIP archives. The directory is at the end; every offset is checked before it is used. */
#include "formats/zip_read_internal.h"

#include "base/bytes_internal.h"
#include "base/handle_internal.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* for an input that is only read */
#include <zlib.h>

enum {
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    COMMENT_MAX = 65535,
    RECORDS_MAX = 1 << 20,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8
};

/* All unpacked records of an archive together have at most unpacked_min bytes, or unpacked_ratio times those of the
 * file. */
static const size_t unpacked_min = (size_t)1 << 26;
static const size_t unpacked_ratio = 16;

struct moco__zip {
    const char *path;
    const uint8_t *bytes;
    size_t size;
    moco__zip_record *records; /* by name */
    size_t count;
    char *names;
    uint8_t **unpacked; /* contents of compressed records */
    size_t unpacked_count, unpacked_room;
    size_t unpacked_bytes;
};

/* Where the directory is. */
typedef struct directory {
    uint64_t begin, size, count;
} directory;

static moco_status damaged(const moco__zip *zip, const char *what)
{
    return moco_error_set(MOCO_EFORMAT, "%s: the archive is cut off or damaged: %s", zip->path, what);
}

/* Finds the end record: the last one whose comment reaches to the end of the file. */
static moco_status find_end(size_t *at, const moco__zip *zip)
{
    const size_t lowest = zip->size > END_SIZE + COMMENT_MAX ? zip->size - END_SIZE - COMMENT_MAX : 0;
    for (size_t i = zip->size >= END_SIZE ? zip->size - END_SIZE + 1 : 0; i > lowest; --i) {
        const uint8_t *end = zip->bytes + i - 1;
        if (memcmp(end, "PK\5\6", 4) == 0 && i - 1 + END_SIZE + moco__little_endian(end + 20, 2) == zip->size) {
            *at = i - 1;
            return MOCO_OK;
        }
    }
    return damaged(zip, "it has no directory");
}

/* Reads the second end record of a large archive, at which a third one points. */
static moco_status read_end64(directory *out, const moco__zip *zip, size_t end)
{
    const uint8_t *locator = zip->bytes + end - LOCATOR_SIZE;
    if (end < LOCATOR_SIZE || memcmp(locator, "PK\6\7", 4) != 0) {
        return MOCO_OK;
    }
    const uint64_t at = moco__little_endian(locator + 8, 8);
    if (zip->size < END64_SIZE || at > zip->size - END64_SIZE || memcmp(zip->bytes + at, "PK\6\6", 4) != 0) {
        return damaged(zip, "its zip64 record is not where it should be");
    }
    out->count = moco__little_endian(zip->bytes + at + 32, 8);
    out->size = moco__little_endian(zip->bytes + at + 40, 8);
    out->begin = moco__little_endian(zip->bytes + at + 48, 8);
    return MOCO_OK;
}

static moco_status find_directory(directory *out, const moco__zip *zip)
{
    size_t end = 0;
    MOCO_TRY(find_end(&end, zip));
    out->count = moco__little_endian(zip->bytes + end + 10, 2);
    out->size = moco__little_endian(zip->bytes + end + 12, 4);
    out->begin = moco__little_endian(zip->bytes + end + 16, 4);
    MOCO_TRY(read_end64(out, zip, end));
    if (out->begin > end || out->size > end - out->begin || out->count > out->size / ENTRY_SIZE ||
        out->count > RECORDS_MAX) {
        return damaged(zip, "its directory does not fit the file");
    }
    return MOCO_OK;
}

/* Reads the sizes and the offset of an entry of a large archive from its extra field. */
static moco_status read_extra(uint64_t fields[3], const moco__zip *zip, const uint8_t *extra, size_t size)
{
    for (size_t at = 0; size - at >= 4;) {
        const size_t id = moco__little_endian(extra + at, 2);
        const size_t length = moco__little_endian(extra + at + 2, 2);
        if (length > size - at - 4) {
            return damaged(zip, "an entry's extra field is too long");
        }
        size_t used = 0;
        for (size_t i = 0; id == 1 && i < 3; ++i) {
            if (fields[i] == UINT32_MAX && length - used >= 8) {
                fields[i] = moco__little_endian(extra + at + 4 + used, 8);
                used += 8;
            }
        }
        at += 4 + length;
    }
    return MOCO_OK;
}

/* Unpacks a record into memory of the archive. */
static moco_status unpack(moco__zip *zip, moco__zip_record *record, const uint8_t *packed, size_t packed_size)
{
    const size_t most = zip->size > unpacked_min / unpacked_ratio ? unpacked_ratio * zip->size : unpacked_min;
    z_stream stream = { .next_in = packed };
    if (record->size > most - zip->unpacked_bytes || packed_size > UINT32_MAX || record->size > UINT32_MAX) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: record %s unpacks to %zu bytes, which is too many for the file; pack "
                              "the archive again without compression",
                              zip->path, record->name, record->size);
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    MOCO_GROW(zip->unpacked, zip->unpacked_room, zip->unpacked_count, 1);
    uint8_t *data = moco__calloc(record->size + 1, 1);
    if (data == NULL) {
        return MOCO_ENOMEM;
    }
    zip->unpacked[zip->unpacked_count++] = data;
    zip->unpacked_bytes += record->size;
    stream.avail_in = (uInt)packed_size;
    stream.next_out = data;
    stream.avail_out = (uInt)record->size;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory to unpack record %s", zip->path, record->name);
    }
    const int code = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (code == Z_MEM_ERROR) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory to unpack record %s", zip->path, record->name);
    }
    if (code != Z_STREAM_END || stream.total_out != record->size) {
        return damaged(zip, record->name);
    }
    record->data = data;
    return MOCO_OK;
}

/* Fills in a record from its entry; the data follow the local header. */
static moco_status read_record(moco__zip_record *out, moco__zip *zip, const uint8_t *entry, const uint64_t fields[3])
{
    const uint64_t local = fields[2];
    const uint64_t method = moco__little_endian(entry + 10, 2);
    if ((method != METHOD_STORED && method != METHOD_DEFLATED) || (moco__little_endian(entry + 8, 2) & 1) != 0) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: record %s is encrypted, or compressed by another method than deflate; "
                              "pack the archive again without either",
                              zip->path, out->name);
    }
    if ((method == METHOD_STORED && fields[0] != fields[1]) || local > zip->size || zip->size - local < LOCAL_SIZE ||
        memcmp(zip->bytes + local, "PK\3\4", 4) != 0) {
        return damaged(zip, out->name);
    }
    const uint64_t begin = local + LOCAL_SIZE + moco__little_endian(zip->bytes + local + 26, 2) +
                           moco__little_endian(zip->bytes + local + 28, 2);
    if (begin > zip->size || fields[1] > zip->size - begin || fields[0] > SIZE_MAX / 2) {
        return damaged(zip, out->name);
    }
    out->data = zip->bytes + begin;
    out->size = (size_t)fields[0];
    out->crc = (uint32_t)moco__little_endian(entry + 16, 4);
    return method == METHOD_STORED ? MOCO_OK : unpack(zip, out, zip->bytes + begin, (size_t)fields[1]);
}

/* Reads an entry of the directory; *at becomes the offset of the next one. */
static moco_status read_entry(moco__zip *zip, size_t *at, size_t end, char **names)
{
    const uint8_t *entry = zip->bytes + *at;
    if (end - *at < ENTRY_SIZE || memcmp(entry, "PK\1\2", 4) != 0) {
        return damaged(zip, "its directory ends early");
    }
    const size_t name = moco__little_endian(entry + 28, 2);
    const size_t extra = moco__little_endian(entry + 30, 2);
    const size_t whole = ENTRY_SIZE + name + extra + moco__little_endian(entry + 32, 2);
    if (whole > end - *at) {
        return damaged(zip, "its directory ends early");
    }
    uint64_t fields[3] = { moco__little_endian(entry + 24, 4), moco__little_endian(entry + 20, 4),
                           moco__little_endian(entry + 42, 4) };
    MOCO_TRY(read_extra(fields, zip, entry + ENTRY_SIZE + name, extra));
    moco__zip_record *record = &zip->records[zip->count++];
    memcpy(*names, entry + ENTRY_SIZE, name);
    (*names)[name] = '\0';
    record->name = *names;
    *names += name + 1;
    *at += whole;
    return read_record(record, zip, entry, fields);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const moco__zip_record *)a)->name, ((const moco__zip_record *)b)->name);
}

static moco_status read_directory(moco__zip *zip)
{
    directory where = { 0 };
    MOCO_TRY(find_directory(&where, zip));
    zip->records = moco__calloc((size_t)where.count + 1, sizeof *zip->records);
    zip->names = moco__calloc((size_t)where.size + 1, 1); /* each name and its NUL are shorter than its entry */
    if (zip->records == NULL || zip->names == NULL) {
        return MOCO_ENOMEM;
    }
    char *names = zip->names;
    size_t at = (size_t)where.begin;
    for (uint64_t i = 0; i < where.count; ++i) {
        MOCO_TRY(read_entry(zip, &at, (size_t)(where.begin + where.size), &names));
    }
    qsort(zip->records, zip->count, sizeof *zip->records, by_name);
    for (size_t i = 1; i < zip->count; ++i) {
        if (strcmp(zip->records[i - 1].name, zip->records[i].name) == 0) {
            return damaged(zip, "a name is repeated");
        }
    }
    return MOCO_OK;
}

moco_status moco__zip_open(moco__zip **out, const char *path, const uint8_t *bytes, size_t size)
{
    moco__zip *zip = moco__calloc(1, sizeof *zip);
    if (zip == NULL) {
        return MOCO_ENOMEM;
    }
    zip->path = path;
    zip->bytes = bytes;
    zip->size = size;
    const moco_status status = read_directory(zip);
    if (status != MOCO_OK) {
        moco__zip_free(zip);
        return status;
    }
    *out = zip;
    return MOCO_OK;
}

void moco__zip_free(moco__zip *zip)
{
    if (zip != NULL) {
        for (size_t i = 0; i < zip->unpacked_count; ++i) {
            free(zip->unpacked[i]);
        }
        free(zip->unpacked);
        free(zip->records);
        free(zip->names);
        free(zip);
    }
}

const moco__zip_record *moco__zip_get(const moco__zip *zip, size_t index)
{
    return index < zip->count ? &zip->records[index] : NULL;
}

const moco__zip_record *moco__zip_find(const moco__zip *zip, const char *name)
{
    const moco__zip_record key = { .name = name };
    return bsearch(&key, zip->records, zip->count, sizeof *zip->records, by_name);
}

moco_status moco__zip_check(const moco__zip *zip, const moco__zip_record *record)
{
    if (record->crc != 0 && (uint32_t)crc32_z(0, record->data, record->size) != record->crc) {
        return moco_error_set(MOCO_EFORMAT, "%s: record %s is damaged: its checksum is wrong", zip->path, record->name);
    }
    return MOCO_OK;
}
