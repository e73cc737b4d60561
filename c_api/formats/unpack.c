/* Unpacks bytes that come in pieces. */
#define ZLIB_CONST /* zlib does not change what it reads */
#include "formats/unpack_internal.h"

#include "base/handle_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct moco__unpack {
    const char *path;
    moco__packed_fn next;
    void *context;
    uint64_t position; /* of unpacked bytes */
    bool ended;
    moco_status failed; /* what the packed bytes ended with; the message is in why */
    char why[512];
    struct archive *archive; /* NULL: gzip */
    z_stream gzip;
    bool between; /* two members of gzip */
};

static moco_status damaged(const moco__unpack *unpack, bool is_memory, const char *reason)
{
    if (unpack->failed != MOCO_OK) {
        return moco_error_set(unpack->failed, "%s, after %llu bytes of the archive", unpack->why,
                              (unsigned long long)unpack->position);
    }
    return moco_error_set(is_memory ? MOCO_ENOMEM : MOCO_EFORMAT,
                          "%s: cannot be unpacked beyond byte %llu: %s; it is truncated or damaged", unpack->path,
                          (unsigned long long)unpack->position, reason != NULL ? reason : "unknown reason");
}

static moco_status take_next(moco__unpack *unpack, const uint8_t **bytes, size_t *count)
{
    unpack->failed = unpack->next(unpack->context, bytes, count);
    if (unpack->failed != MOCO_OK) {
        (void)snprintf(unpack->why, sizeof unpack->why, "%s", moco_error_message());
    }
    return unpack->failed;
}

/* ---- gzip ---- */

static moco_status start_gzip(moco__unpack *unpack)
{
    const int with_header = 16;
    const int code = inflateInit2(&unpack->gzip, MAX_WBITS + with_header);
    return code == Z_OK ? MOCO_OK : damaged(unpack, code == Z_MEM_ERROR, unpack->gzip.msg);
}

/* Gets packed bytes. Behind a member another one, padding or nothing follows. */
static moco_status fill_gzip(moco__unpack *unpack)
{
    z_stream *gzip = &unpack->gzip;
    if (gzip->avail_in == 0) {
        const uint8_t *bytes = NULL;
        size_t count = 0;
        if (take_next(unpack, &bytes, &count) != MOCO_OK) {
            return damaged(unpack, false, NULL);
        }
        gzip->next_in = bytes;
        gzip->avail_in = (uInt)count; /* pieces are small */
    }
    if (gzip->avail_in == 0 && !unpack->between) {
        return damaged(unpack, false, "it ends too early");
    }
    if (unpack->between) {
        unpack->ended = gzip->avail_in == 0 || *gzip->next_in != 0x1F;
        unpack->between = false;
    }
    return MOCO_OK;
}

static moco_status read_gzip(moco__unpack *unpack, uint8_t *out, size_t count, size_t *got)
{
    z_stream *gzip = &unpack->gzip;
    gzip->next_out = out;
    gzip->avail_out = count < UINT_MAX ? (uInt)count : UINT_MAX;
    while (gzip->avail_out > 0) {
        MOCO_TRY(fill_gzip(unpack));
        if (unpack->ended) {
            break;
        }
        const int code = inflate(gzip, Z_NO_FLUSH);
        if (code == Z_STREAM_END) {
            unpack->between = true;
            (void)inflateReset(gzip);
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return damaged(unpack, code == Z_MEM_ERROR, gzip->msg);
        }
    }
    *got = (size_t)(gzip->next_out - out);
    return MOCO_OK;
}

/* ---- libarchive ---- */

static la_ssize_t pass_on(struct archive *archive, void *payload, const void **out)
{
    moco__unpack *unpack = payload;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    if (take_next(unpack, &bytes, &count) != MOCO_OK) {
        archive_set_error(archive, EIO, "the packed bytes cannot be read");
        return ARCHIVE_FATAL;
    }
    *out = bytes;
    return (la_ssize_t)count;
}

static moco_status archive_failed(const moco__unpack *unpack)
{
    return damaged(unpack, archive_errno(unpack->archive) == ENOMEM, archive_error_string(unpack->archive));
}

/* The filter is named, since libarchive 3.6 does not recognise zstd behind a skippable frame. It recognises that of
 * compress, and crashes if that one is named. */
static int add_filter(struct archive *archive, int filter)
{
    return filter == ARCHIVE_FILTER_COMPRESS ? archive_read_support_filter_compress(archive)
                                             : archive_read_append_filter(archive, filter);
}

static moco_status start_archive(moco__unpack *unpack, int filter)
{
    struct archive_entry *entry = NULL;
    unpack->archive = archive_read_new();
    if (unpack->archive == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", unpack->path);
    }
    /* "raw" takes the unpacked bytes without looking for a format in them. */
    if (add_filter(unpack->archive, filter) != ARCHIVE_OK ||
        archive_read_support_format_raw(unpack->archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(unpack->archive) != ARCHIVE_OK ||
        archive_read_open(unpack->archive, unpack, NULL, pass_on, NULL) != ARCHIVE_OK) {
        return archive_failed(unpack);
    }
    const int code = archive_read_next_header(unpack->archive, &entry);
    unpack->ended = code == ARCHIVE_EOF;
    return code == ARCHIVE_OK || code == ARCHIVE_EOF ? MOCO_OK : archive_failed(unpack);
}

static moco_status read_archive(moco__unpack *unpack, uint8_t *out, size_t count, size_t *got)
{
    const la_ssize_t piece = archive_read_data(unpack->archive, out, count);
    if (piece < 0) {
        return archive_failed(unpack);
    }
    unpack->ended = piece == 0;
    *got = (size_t)piece;
    return MOCO_OK;
}

/* ---- Both ---- */

moco_status moco__unpack_open(moco__unpack **out, const char *path, int filter, moco__packed_fn next, void *context)
{
    moco__unpack *unpack = moco__calloc(1, sizeof *unpack);
    if (unpack == NULL) {
        return MOCO_ENOMEM;
    }
    unpack->path = path;
    unpack->next = next;
    unpack->context = context;
    const moco_status status = filter == ARCHIVE_FILTER_GZIP ? start_gzip(unpack) : start_archive(unpack, filter);
    if (status != MOCO_OK) {
        moco__unpack_close(unpack);
        return status;
    }
    *out = unpack;
    return MOCO_OK;
}

moco_status moco__unpack_read(moco__unpack *unpack, uint8_t *out, size_t count, size_t *got)
{
    size_t done = 0;
    while (done < count && !unpack->ended) {
        size_t piece = 0;
        MOCO_TRY(unpack->archive != NULL ? read_archive(unpack, out + done, count - done, &piece)
                                         : read_gzip(unpack, out + done, count - done, &piece));
        done += piece;
        unpack->position += piece;
    }
    *got = done;
    return MOCO_OK;
}

void moco__unpack_close(moco__unpack *unpack)
{
    if (unpack == NULL) {
        return;
    }
    if (unpack->archive != NULL) {
        (void)archive_read_free(unpack->archive);
    }
    (void)inflateEnd(&unpack->gzip); /* nothing to end if it was not started */
    free(unpack);
}
