/* Reads the bytes of a shard in sequence. */
#include "formats/tar_source_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/command_source_internal.h"
#include "formats/tar_filter_internal.h"
#include "formats/unpack_internal.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 4096, /* bytes; plain files are mostly skipped, and a header, a label and the next header fit */
    PACKED_BLOCK = 1 << 17,
    PADDING_MAX = 1 << 24 /* bytes behind the end of a compressed archive that are unpacked for their checksum */
};

struct moco__source {
    char *path;
    int descriptor;
    uint64_t size;      /* of a plain file */
    uint64_t disk_size; /* of any file */
    uint64_t position;
    moco__unpack *unpack; /* NULL: plain */
    bool is_command;
    moco__command command;
    size_t sniffed;     /* bytes of the command's output in the buffer that are not unpacked yet */
    uint64_t packed_at; /* where the packed bytes of a file go on */
    uint8_t *block;     /* of PACKED_BLOCK packed bytes */
    uint64_t buffer_at; /* position of the buffer's first byte in a plain file */
    size_t buffered;
    uint8_t buffer[BUFFER_SIZE];
};

/* ---- Plain files ---- */

/* Reads `count` bytes at a position; *got is less only if the file ends. */
static moco_status read_at(const moco__source *source, uint8_t *out, size_t count, uint64_t at, size_t *got)
{
    const int error = moco__read_at(got, out, source->descriptor, count, at);
    return error == 0 ? MOCO_OK : moco__files_cannot("read", source->path, error);
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

/* Gives the next packed bytes, first those by which the filter was found out. */
static moco_status next_packed(void *context, const uint8_t **bytes, size_t *count)
{
    moco__source *source = context;
    *count = source->sniffed;
    *bytes = source->buffer;
    if (source->sniffed > 0) {
        source->sniffed = 0;
        return MOCO_OK;
    }
    *bytes = source->block;
    if (source->is_command) {
        return moco__command_read(&source->command, source->block, PACKED_BLOCK, count);
    }
    MOCO_TRY(read_at(source, source->block, PACKED_BLOCK, source->packed_at, count));
    source->packed_at += *count;
    return MOCO_OK;
}

static moco_status start_unpacking(moco__source *source, int filter)
{
    source->block = moco__calloc(1, PACKED_BLOCK);
    return source->block != NULL ? moco__unpack_open(&source->unpack, source->path, filter, next_packed, source)
                                 : MOCO_ENOMEM;
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
        return moco__files_cannot("open", source->path, errno);
    }
    if (fstat(source->descriptor, &info) != 0) {
        return moco__files_cannot("read", source->path, errno);
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
    source->is_command = true;
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
    const uint64_t end = source->position + PADDING_MAX;
    size_t got = 1;
    while (source->unpack != NULL && got > 0 && (source->is_command || source->position < end)) {
        MOCO_TRY(moco__source_read(source, unwanted, sizeof unwanted, &got));
    }
    /* What is unpacked may end before the command does. */
    for (got = 1; source->is_command && got > 0;) {
        MOCO_TRY(moco__command_read(&source->command, source->block, PACKED_BLOCK, &got));
    }
    return MOCO_OK;
}

void moco__source_close(moco__source *source)
{
    if (source == NULL) {
        return;
    }
    moco__unpack_close(source->unpack);
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
    return source->unpack == NULL;
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
    MOCO_TRY(source->unpack != NULL ? moco__unpack_read(source->unpack, out, count, got)
                                    : read_plain(source, out, count, got));
    source->position += *got;
    return MOCO_OK;
}

moco_status moco__source_seek(moco__source *source, uint64_t position)
{
    uint8_t unwanted[BUFFER_SIZE];
    if (source->unpack == NULL) {
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
