/*
 * Reads the members of a tar archive in sequence. The format is in POSIX.1-2017, "pax"; a member is
 *
 *     [header of type x, its records]  [header of type L, a long name]  header  content, padded to 512 bytes
 *
 * and two blocks of zeros end the archive. Some writers omit these; the end of the file then ends the archive.
 */
#include "formats/tar_read_internal.h"

#include <string.h>

/* Offsets and bytes of the fields of a header. */
enum {
    NAME_AT = 0,
    NAME_SIZE = 100,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    SUM_AT = 148,
    SUM_SIZE = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
    PREFIX_SIZE = 155,
    LONG_NAME_MAX = 1 << 16,
    PAX_MAX = 1 << 20,
    PADDING_MAX = 1 << 20, /* zeros behind the end that are passed over */
    PIECE = 1 << 20        /* bytes per allocation: memory grows with what is read, not with what a header announces */
};

/* What an x or L header says about the next member. */
typedef struct overrides {
    bool has_name, has_size, has_sparse_name;
    uint64_t size;
} overrides;

void moco__tar_start(moco__tar *tar, moco__source *source)
{
    *tar = (moco__tar){ .source = source };
}

void moco__tar_end(moco__tar *tar)
{
    moco__sparse_free(&tar->sparse);
    moco__bytes_free(&tar->name);
    moco__bytes_free(&tar->extra);
}

static moco_status bad(const moco__tar *tar, uint64_t at, const char *what)
{
    return moco__tar_bad(tar->source, at, what);
}

static bool sum_is_right(const uint8_t *header)
{
    uint64_t wanted = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < MOCO__TAR_BLOCK; ++i) {
        sum += i >= SUM_AT && i < SUM_AT + SUM_SIZE ? ' ' : header[i];
    }
    return moco__tar_number(&wanted, header + SUM_AT, SUM_SIZE) && wanted == sum;
}

static bool is_zero(const uint8_t *header)
{
    for (size_t i = 0; i < MOCO__TAR_BLOCK; ++i) {
        if (header[i] != 0) {
            return false;
        }
    }
    return true;
}

bool moco__tar_is(moco__source *source)
{
    uint8_t header[MOCO__TAR_BLOCK];
    size_t got = 0;
    return moco__source_read(source, header, sizeof header, &got) == MOCO_OK && got == sizeof header &&
           !is_zero(header) && sum_is_right(header);
}

/* Reads the next header; *ended: the file ends instead, directly after a member. */
static moco_status read_header(moco__tar *tar, uint8_t *header, bool *ended)
{
    size_t got = 0;
    MOCO_TRY(moco__source_seek(tar->source, tar->next));
    MOCO_TRY(moco__source_read(tar->source, header, MOCO__TAR_BLOCK, &got));
    if (got == MOCO__TAR_BLOCK) {
        return MOCO_OK;
    }
    if (tar->next == 0) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: a header of tar has %d bytes, and %s %zu; it is empty, truncated or damaged",
                              moco__source_path(tar->source), MOCO__TAR_BLOCK,
                              moco__source_is_plain(tar->source) ? "the file has" : "what can be unpacked has", got);
    }
    /* Beyond the end of a plain file: the last member lacks a part of its padding. */
    *ended = got == 0 && tar->next <= moco__source_size(tar->source);
    return *ended ? MOCO_OK : bad(tar, tar->next, "the archive ends in the middle of a block; it is truncated");
}

/* Steps over the content of the current header; the next header follows it. */
static moco_status take_content(moco__tar *tar, uint64_t data, uint64_t size)
{
    const uint64_t limit = moco__source_size(tar->source);
    if (data > (uint64_t)INT64_MAX / 2 || size > (uint64_t)INT64_MAX / 2) {
        return bad(tar, tar->next, "a member is longer than any file can be");
    }
    if (limit != UINT64_MAX && (data > limit || size > limit - data)) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: at offset %llu: a member of %llu bytes reaches beyond the file's %llu; it is "
                              "truncated or damaged",
                              moco__source_path(tar->source), (unsigned long long)tar->next, (unsigned long long)size,
                              (unsigned long long)limit);
    }
    tar->next = data + (size + MOCO__TAR_BLOCK - 1) / MOCO__TAR_BLOCK * MOCO__TAR_BLOCK;
    return MOCO_OK;
}

static moco_status read_content(moco__tar *tar, uint64_t data, uint64_t size, moco__bytes *out)
{
    MOCO_TRY(moco__source_seek(tar->source, data));
    out->size = 0;
    while (out->size < size) {
        const uint64_t left = size - out->size;
        const size_t piece = left < PIECE ? (size_t)left : PIECE;
        size_t got = 0;
        const size_t before = out->size;
        MOCO_TRY(moco__bytes_resize(out, before + piece));
        MOCO_TRY(moco__source_read(tar->source, out->data + before, piece, &got));
        if (got < piece) {
            return bad(tar, data, "the archive ends inside of a member; it is truncated");
        }
    }
    return MOCO_OK;
}

/* Keeps a name. */
static moco_status set_name(moco__tar *tar, const uint8_t *name, size_t size)
{
    tar->name.size = 0;
    MOCO_TRY(moco__bytes_append(&tar->name, name, size));
    return moco__bytes_append(&tar->name, "", 1);
}

static bool begins(const uint8_t *record, size_t size, const char *key)
{
    const size_t length = strlen(key);
    return size > length && memcmp(record, key, length) == 0;
}

/* Takes size=N, path=TEXT, and what describes a sparse file; ignores other records. */
static moco_status take_record(moco__tar *tar, uint64_t at, const uint8_t *record, size_t size, overrides *o)
{
    if (begins(record, size, "GNU.sparse.name=")) {
        o->has_name = o->has_sparse_name = true;
        return set_name(tar, record + 16, size - 16);
    }
    if (begins(record, size, "GNU.sparse.")) {
        return moco__sparse_take(&tar->sparse, tar->source, at, record + 11, size - 11);
    }
    if (begins(record, size, "path=")) {
        o->has_name = true;
        return o->has_sparse_name ? MOCO_OK : set_name(tar, record + 5, size - 5);
    }
    if (begins(record, size, "size=")) {
        o->has_size = moco__tar_decimal(&o->size, record + 5, size - 5);
        return o->has_size ? MOCO_OK : bad(tar, at, "a pax header has a size that is not a number in range");
    }
    return MOCO_OK;
}

/* Takes records "LENGTH KEY=VALUE\n"; LENGTH counts the complete record. */
static moco_status take_records(moco__tar *tar, uint64_t at, overrides *o)
{
    const uint8_t *records = tar->extra.data;
    const size_t size = tar->extra.size;
    size_t from = 0;
    while (from < size) {
        size_t length = 0;
        size_t i = from;
        for (; i < size && records[i] >= '0' && records[i] <= '9' && length <= PAX_MAX; ++i) {
            length = length * 10 + (size_t)(records[i] - '0');
        }
        if (i == from || i == size || records[i] != ' ' || length > size - from || length < i - from + 2 ||
            records[from + length - 1] != '\n') {
            return bad(tar, at, "a pax header is damaged");
        }
        MOCO_TRY(take_record(tar, at, records + i + 1, from + length - 1 - (i + 1), o));
        from += length;
    }
    return MOCO_OK;
}

/* Takes a header that describes the next member: x (X, as Solaris has it) and L. Ignores g (defaults for all members)
 * and K (a long link). */
static moco_status take_extension(moco__tar *tar, char type, uint64_t size, overrides *o)
{
    const uint64_t at = tar->next;
    const uint64_t data = at + MOCO__TAR_BLOCK;
    if (((type == 'x' || type == 'X') && size > PAX_MAX) || (type == 'L' && size > LONG_NAME_MAX)) {
        return bad(tar, at, "an extended header is too long");
    }
    MOCO_TRY(take_content(tar, data, size));
    if (type == 'x' || type == 'X') {
        MOCO_TRY(read_content(tar, data, size, &tar->extra));
        return take_records(tar, at, o);
    }
    if (type == 'L') {
        MOCO_TRY(read_content(tar, data, size, &tar->name));
        o->has_name = true;
        return moco__bytes_append(&tar->name, "", 1);
    }
    return MOCO_OK;
}

static moco_status name_from_header(moco__tar *tar, const uint8_t *header)
{
    const size_t prefix = strnlen((const char *)header + PREFIX_AT, PREFIX_SIZE);
    const size_t name = strnlen((const char *)header + NAME_AT, NAME_SIZE);
    tar->name.size = 0;
    /* GNU tar writes "ustar " and has times instead of the prefix. */
    if (memcmp(header + MAGIC_AT, "ustar", 6) == 0 && prefix > 0) {
        MOCO_TRY(moco__bytes_append(&tar->name, header + PREFIX_AT, prefix));
        MOCO_TRY(moco__bytes_append(&tar->name, "/", 1));
    }
    MOCO_TRY(moco__bytes_append(&tar->name, header + NAME_AT, name));
    return moco__bytes_append(&tar->name, "", 1);
}

/* Takes the header of a member itself. */
static moco_status take_member(moco__tar *tar, const uint8_t *header, uint64_t size, const overrides *o,
                               moco__tar_entry *entry)
{
    const char type = (char)header[TYPE_AT];
    uint64_t data = tar->next + MOCO__TAR_BLOCK;
    /* Links, devices and folders have no content, even if their size says otherwise. */
    const uint64_t content = type >= '1' && type <= '6' ? 0 : (o->has_size ? o->size : size);
    if (!o->has_name) {
        MOCO_TRY(name_from_header(tar, header));
    }
    entry->is_file = type == '0' || type == '\0' || type == '7' || type == 'S';
    entry->is_folder = type == '5' || type == 'D';
    entry->name = (const char *)tar->name.data;
    if (type == 'S') {
        MOCO_TRY(moco__sparse_take_old(&tar->sparse, tar->source, header, &data));
    }
    const uint64_t at = tar->next;
    MOCO_TRY(take_content(tar, data, content));
    entry->is_sparse = tar->sparse.is_sparse;
    entry->data = data;
    entry->size = content;
    return entry->is_sparse ? moco__sparse_finish(&tar->sparse, tar->source, at, &entry->data, &entry->size) : MOCO_OK;
}

moco_status moco__tar_next(moco__tar *tar, moco__tar_entry *entry, bool *more)
{
    uint8_t header[MOCO__TAR_BLOCK];
    overrides o = { false, false, false, 0 };
    moco__sparse_clear(&tar->sparse);
    entry->header = tar->next;
    for (;;) {
        uint64_t size = 0;
        bool ended = false;
        MOCO_TRY(read_header(tar, header, &ended));
        if (ended && tar->next > entry->header) {
            return bad(tar, entry->header, "an extended header without a member; the archive is truncated");
        }
        if (ended || is_zero(header)) {
            tar->unmarked = ended;
            *more = false;
            return MOCO_OK;
        }
        if (!sum_is_right(header)) {
            return bad(tar, tar->next, "this is not a tar header, or a damaged one");
        }
        if (!moco__tar_number(&size, header + SIZE_AT, SIZE_SIZE)) {
            return bad(tar, tar->next, "the size in a header is negative or not a number");
        }
        const char type = (char)header[TYPE_AT];
        if (type != 'x' && type != 'X' && type != 'g' && type != 'L' && type != 'K') {
            *more = true;
            return take_member(tar, header, size, &o, entry);
        }
        MOCO_TRY(take_extension(tar, type, size, &o));
    }
}

moco_status moco__tar_finish(moco__tar *tar)
{
    uint8_t block[MOCO__TAR_BLOCK];
    const uint64_t end = moco__source_position(tar->source);
    size_t got = 0;
    do {
        MOCO_TRY(moco__source_read(tar->source, block, sizeof block, &got));
    } while (got == sizeof block && is_zero(block) && moco__source_position(tar->source) < end + PADDING_MAX);
    if (got == sizeof block && !is_zero(block) && sum_is_right(block)) {
        moco_log(
            MOCO_LOG_WARNING,
            "%s: another archive begins at offset %llu, behind the end of the first, and is left out; give them as "
            "two files",
            moco__source_path(tar->source), (unsigned long long)moco__source_position(tar->source) - MOCO__TAR_BLOCK);
    }
    return moco__source_finish(tar->source);
}

moco_status moco__tar_content(moco__tar *tar, const moco__tar_entry *entry, moco__bytes *out, uint64_t limit)
{
    if (entry->size > limit) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: at offset %llu: %s has %llu bytes, more than the %llu that it may have",
                              moco__source_path(tar->source), (unsigned long long)entry->header, entry->name,
                              (unsigned long long)entry->size, (unsigned long long)limit);
    }
    return entry->is_sparse ? moco__sparse_content(&tar->sparse, tar->source, entry->data, out)
                            : read_content(tar, entry->data, entry->size, out);
}

moco_status moco__tar_content_at(moco__source *source, uint64_t header, moco__bytes *out, uint64_t limit)
{
    moco__tar tar;
    moco__tar_entry entry;
    bool more = false;
    moco__tar_start(&tar, source);
    tar.next = header;
    moco_status status = moco__tar_next(&tar, &entry, &more);
    if (status == MOCO_OK) {
        status = more ? moco__tar_content(&tar, &entry, out, limit)
                      : bad(&tar, header, "the member is no longer there; was the archive changed?");
    }
    moco__tar_end(&tar);
    return status;
}
