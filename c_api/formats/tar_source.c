/* Reads the bytes of a shard in sequence. libarchive unpacks compressed ones. */
#include "formats/tar_source_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/command_source_internal.h"
#include "formats/tar_filter_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 4096, /* bytes; plain files are mostly skipped, and a header, a label and the next header fit */
    UNPACK_BLOCK = 1 << 17
};

struct moco__source {
    char *path;
    int descriptor;
    uint64_t size;      /* of a plain file */
    uint64_t disk_size; /* of any file */
    uint64_t position;
    struct archive *archive; /* NULL: plain */
    bool ended;
    moco__command command; /* descriptor -1: it is a file */
    moco_status failed;    /* what the command's output ended with; the message is in why */
    char why[512];
    size_t sniffed;     /* bytes of the command's output in the buffer that libarchive has not got yet */
    uint8_t *block;     /* of UNPACK_BLOCK bytes, for a command */
    uint64_t buffer_at; /* position of the buffer's first byte in a plain file */
    size_t buffered;
    uint8_t buffer[BUFFER_SIZE];
};

/* ---- Plain files ---- */

static moco_status cannot_read(const moco__source *source, int error)
{
    return moco_error_set(MOCO_EIO, "%s: cannot be read: %s", source->path, strerror(error));
}

/* Reads `count` bytes at a position; *got is less only if the file ends. */
static moco_status read_at(const moco__source *source, uint8_t *out, size_t count, uint64_t at, size_t *got)
{
    const int error = moco__read_at(got, out, source->descriptor, count, at);
    return error == 0 ? MOCO_OK : cannot_read(source, error);
}

static moco_status read_plain(moco__source *source, uint8_t *out, size_t count, size_t *got)
{
    size_t done = 0;
    while (done < count) {
        const uint64_t at = source->position + done;
        if (at < source->buffer_at || at >= source->buffer_at + source->buffered) {
            MOCO_TRY(read_at(source, source->buffer, BUFFER_SIZE, at, &source->buffered));
            source->buffer_at = at;
            if (source->buffered == 0) {
                break;
            }
        }
        const size_t from = (size_t)(at - source->buffer_at);
        const size_t there = source->buffered - from;
        const size_t taken = count - done < there ? count - done : there;
        memcpy(out + done, source->buffer + from, taken);
        done += taken;
    }
    *got = done;
    return MOCO_OK;
}

/* ---- Compressed files ---- */

static moco_status unpack_failed(const moco__source *source)
{
    const char *reason = archive_error_string(source->archive);
    if (source->failed != MOCO_OK) {
        return moco_error_set(source->failed, "%s, after %llu bytes of the archive", source->why,
                              (unsigned long long)source->position);
    }
    return moco_error_set(archive_errno(source->archive) == ENOMEM ? MOCO_ENOMEM : MOCO_EFORMAT,
                          "%s: cannot be unpacked beyond byte %llu: %s; it is truncated or damaged", source->path,
                          (unsigned long long)source->position, reason != NULL ? reason : "unknown reason");
}

static moco_status read_packed(moco__source *source, uint8_t *out, size_t count, size_t *got)
{
    size_t done = 0;
    while (done < count && !source->ended) {
        const la_ssize_t piece = archive_read_data(source->archive, out + done, count - done);
        if (piece < 0) {
            return unpack_failed(source);
        }
        source->ended = piece == 0;
        done += (size_t)piece;
    }
    *got = done;
    return MOCO_OK;
}

/* Gives libarchive the output of a command, of which the first bytes have been read. */
static la_ssize_t pass_on(struct archive *archive, void *payload, const void **bytes)
{
    moco__source *source = payload;
    size_t got = source->sniffed;
    source->sniffed = 0;
    *bytes = source->buffer;
    if (got > 0) {
        return (la_ssize_t)got;
    }
    *bytes = source->block;
    source->failed = moco__command_read(&source->command, source->block, UNPACK_BLOCK, &got);
    if (source->failed != MOCO_OK) {
        (void)snprintf(source->why, sizeof source->why, "%s", moco_error_message());
        archive_set_error(archive, EIO, "the command failed");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)got;
}

static int open_archive(moco__source *source)
{
    return source->block != NULL ? archive_read_open(source->archive, source, NULL, pass_on, NULL)
                                 : archive_read_open_fd(source->archive, source->descriptor, UNPACK_BLOCK);
}

/* The filter is named, since libarchive 3.6 does not recognise zstd behind a skippable frame. It recognises that of
 * compress, and crashes if that one is named. */
static int add_filter(struct archive *archive, int filter)
{
    return filter == ARCHIVE_FILTER_COMPRESS ? archive_read_support_filter_compress(archive)
                                             : archive_read_append_filter(archive, filter);
}

static moco_status start_unpacking(moco__source *source, int filter)
{
    struct archive_entry *entry = NULL;
    source->archive = archive_read_new();
    if (source->archive == NULL) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory", source->path);
    }
    /* "raw" takes the unpacked bytes without looking for a format in them. */
    if (add_filter(source->archive, filter) != ARCHIVE_OK ||
        archive_read_support_format_raw(source->archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(source->archive) != ARCHIVE_OK || open_archive(source) != ARCHIVE_OK) {
        return unpack_failed(source);
    }
    const int code = archive_read_next_header(source->archive, &entry);
    source->ended = code == ARCHIVE_EOF;
    return code == ARCHIVE_OK || code == ARCHIVE_EOF ? MOCO_OK : unpack_failed(source);
}

/* libarchive takes a frame whose window is too large for an empty file. */
static moco_status check_window(const moco__source *source, const uint8_t *magic, size_t count)
{
    const uint64_t window = moco__tar_window(magic, count);
    return window <= MOCO__TAR_WINDOW_MAX
               ? MOCO_OK
               : moco_error_set(MOCO_EFORMAT, "%s: zstd needs a window of %llu MB to unpack it; the limit is %d MB",
                                source->path, (unsigned long long)window >> 20, MOCO__TAR_WINDOW_MAX >> 20);
}

/* ---- Both ---- */

static moco_status start(moco__source *source)
{
    struct stat info;
    uint8_t magic[MOCO__TAR_FILTER_BYTES];
    size_t got = 0;
    source->descriptor = moco__open(source->path, O_RDONLY);
    if (source->descriptor < 0) {
        return moco_error_set(errno == ENOENT ? MOCO_ENOTFOUND : MOCO_EIO, "%s: cannot be opened: %s", source->path,
                              strerror(errno));
    }
    if (fstat(source->descriptor, &info) != 0) {
        return cannot_read(source, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return moco_error_set(MOCO_EIO, "%s: is not a regular file", source->path);
    }
    source->disk_size = (uint64_t)info.st_size;
    MOCO_TRY(read_at(source, magic, sizeof magic, 0, &got));
    const int filter = moco__tar_filter(magic, got);
    if (filter != ARCHIVE_FILTER_NONE) {
        source->size = UINT64_MAX;
        MOCO_TRY(check_window(source, magic, got));
        return start_unpacking(source, filter);
    }
    source->size = source->disk_size;
    return MOCO_OK;
}

/* Reads the first bytes of a command's output, which may come in pieces. */
static moco_status start_command(moco__source *source)
{
    size_t got = 0;
    source->size = source->disk_size = UINT64_MAX;
    source->block = moco__calloc(1, UNPACK_BLOCK);
    if (source->block == NULL) {
        return MOCO_ENOMEM;
    }
    MOCO_TRY(moco__command_start(&source->command, source->path));
    do {
        MOCO_TRY(moco__command_read(&source->command, source->buffer + source->sniffed, BUFFER_SIZE - source->sniffed,
                                    &got));
        source->sniffed += got;
    } while (got > 0 && source->sniffed < MOCO__TAR_FILTER_BYTES);
    if (source->sniffed == 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: the command wrote nothing; it must write a tar archive", source->path);
    }
    return start_unpacking(source, moco__tar_filter(source->buffer, source->sniffed));
}

static moco_status open_with(moco__source **out, const char *path, moco_status (*start_it)(moco__source *source))
{
    moco__source *source = moco__calloc(1, sizeof *source);
    if (source == NULL) {
        return MOCO_ENOMEM;
    }
    source->descriptor = source->command.descriptor = -1;
    source->path = strdup(path);
    const moco_status status =
        source->path != NULL ? start_it(source) : moco_error_set(MOCO_ENOMEM, "out of memory for the name %s", path);
    if (status != MOCO_OK) {
        moco__source_close(source);
        return status;
    }
    *out = source;
    return MOCO_OK;
}

moco_status moco__source_open(moco__source **out, const char *path)
{
    return open_with(out, path, start);
}

moco_status moco__source_open_command(moco__source **out, const char *path)
{
    return open_with(out, path, start_command);
}

moco_status moco__source_finish(moco__source *source)
{
    uint8_t unwanted[BUFFER_SIZE];
    size_t got = 1;
    while (source->block != NULL && got > 0) {
        MOCO_TRY(moco__source_read(source, unwanted, sizeof unwanted, &got));
    }
    /* What is unpacked may end before the command does. */
    for (got = 1; source->block != NULL && got > 0;) {
        MOCO_TRY(moco__command_read(&source->command, source->block, UNPACK_BLOCK, &got));
    }
    return MOCO_OK;
}

void moco__source_close(moco__source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->archive != NULL) {
        (void)archive_read_free(source->archive);
    }
    if (source->descriptor >= 0) {
        (void)moco__close(source->descriptor);
    }
    moco__command_stop(&source->command);
    free(source->block);
    free(source->path);
    free(source);
}

const char *moco__source_path(const moco__source *source)
{
    return source->path;
}

bool moco__source_is_plain(const moco__source *source)
{
    return source->archive == NULL;
}

uint64_t moco__source_size(const moco__source *source)
{
    return source->size;
}

uint64_t moco__source_disk_size(const moco__source *source)
{
    return source->disk_size;
}

uint64_t moco__source_position(const moco__source *source)
{
    return source->position;
}

moco_status moco__source_read(moco__source *source, void *out, size_t count, size_t *got)
{
    MOCO_TRY(source->archive != NULL ? read_packed(source, out, count, got) : read_plain(source, out, count, got));
    source->position += *got;
    return MOCO_OK;
}

moco_status moco__source_seek(moco__source *source, uint64_t position)
{
    uint8_t unwanted[BUFFER_SIZE];
    if (source->archive == NULL) {
        source->position = position;
        return MOCO_OK;
    }
    while (source->position < position) {
        const uint64_t left = position - source->position;
        size_t got = 0;
        MOCO_TRY(moco__source_read(source, unwanted, left < sizeof unwanted ? (size_t)left : sizeof unwanted, &got));
        if (got == 0) {
            return moco_error_set(MOCO_EFORMAT, "%s: ends after %llu unpacked bytes instead of %llu; it is truncated",
                                  source->path, (unsigned long long)source->position, (unsigned long long)position);
        }
    }
    return MOCO_OK;
}
