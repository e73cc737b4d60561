/*
 * Reads IDX files.
 *
 * A file is: two zero bytes, 0x08 (unsigned bytes), the number of dimensions (3 for images, 1 for labels), each
 * dimension as a big-endian uint32, then the values. Zlib reads both the plain and the gzipped form.
 */
#include "formats/idx_read_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

enum {
    MAX_SIDE = 65535,
    READ_STEP = 1 << 26,     /* bytes per call of gzread */
    DEFLATE_RATIO_MAX = 1032 /* no deflate stream expands by more */
};

/* A file that is being read. */
typedef struct idx_file {
    const char *path;
    gzFile stream;
    uint64_t disk_bytes;
} idx_file;

static moco_status open_file(idx_file *file, const char *path)
{
    struct stat info;
    const int descriptor = moco__open(path, O_RDONLY);
    if (descriptor < 0) {
        return moco__files_cannot("open", path, errno);
    }
    if (fstat(descriptor, &info) != 0) {
        const int error = errno;
        (void)moco__close(descriptor);
        return moco__files_cannot("read", path, error);
    }
    gzFile stream = gzdopen(descriptor, "rb");
    if (stream == NULL) {
        (void)moco__close(descriptor);
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for reading", path);
    }
    *file = (idx_file){ path, stream, (uint64_t)info.st_size };
    return MOCO_OK;
}

static moco_status read_failed(const idx_file *file)
{
    int code = Z_OK;
    const char *reason = gzerror(file->stream, &code);
    if (code == Z_ERRNO) {
        return moco__files_cannot("read", file->path, errno);
    }
    if (code == Z_MEM_ERROR) {
        return moco_error_set(MOCO_ENOMEM, "%s: out of memory for reading", file->path);
    }
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) {
        return moco_error_set(MOCO_EFORMAT, "%s: the file is truncated; fetch it again", file->path);
    }
    return moco_error_set(MOCO_EFORMAT, "%s: the file is damaged (%s); fetch it again", file->path, reason);
}

static moco_status read_exactly(const idx_file *file, uint8_t *out, size_t size)
{
    while (size > 0) {
        const int got = gzread(file->stream, out, (unsigned)(size < READ_STEP ? size : READ_STEP));
        if (got <= 0) {
            return read_failed(file);
        }
        out += got;
        size -= (size_t)got;
    }
    return MOCO_OK;
}

/* Reading to the end also makes zlib compare the checksum. */
static moco_status expect_end(const idx_file *file)
{
    uint8_t byte;
    const int got = gzread(file->stream, &byte, 1);
    if (got < 0) {
        return read_failed(file);
    }
    int code = Z_OK;
    (void)gzerror(file->stream, &code);
    if (code == Z_BUF_ERROR) {
        return read_failed(file);
    }
    if (got > 0) {
        return moco_error_set(MOCO_EFORMAT, "%s: the file is longer than its header says; fetch it again", file->path);
    }
    return MOCO_OK;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24U | (uint32_t)bytes[1] << 16U | (uint32_t)bytes[2] << 8U | bytes[3];
}

/* Reads the header, and refuses sizes that the file cannot hold. @param[out] bytes of values */
static moco_status read_header(const idx_file *file, uint32_t *sizes, unsigned dims, size_t *bytes)
{
    uint8_t header[4 + 4 * MOCO__IDX_IMAGE_DIMS];
    const size_t length = 4 + 4 * (size_t)dims;
    MOCO_TRY(read_exactly(file, header, 4));
    const uint32_t magic = big_endian(header);
    if (magic != (0x0800U | dims)) {
        return moco_error_set(MOCO_EFORMAT, "%s: starts with 0x%08x instead of 0x%08x: it is not an IDX file of %s",
                              file->path, magic, 0x0800U | dims,
                              dims == MOCO__IDX_IMAGE_DIMS ? "8-bit images (give the idx3 file)" : "labels");
    }
    MOCO_TRY(read_exactly(file, header + 4, length - 4));
    uint64_t total = 1; /* at most 2^32 x 2^16 x 2^16 */
    for (unsigned i = 0; i < dims; ++i) {
        sizes[i] = big_endian(header + 4 + 4 * (size_t)i);
        if (sizes[i] == 0 || (i > 0 && sizes[i] > MAX_SIDE)) {
            return moco_error_set(MOCO_EFORMAT, "%s: dimension %u is %u; it must be 1 to %d", file->path, i, sizes[i],
                                  i > 0 ? MAX_SIDE : INT32_MAX);
        }
        total *= sizes[i];
    }
    if (gzdirect(file->stream) != 0 && file->disk_bytes > length + total) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: the header announces %llu bytes of values, but %llu follow it; the file is damaged, "
                              "or another one was appended to it",
                              file->path, (unsigned long long)total, (unsigned long long)(file->disk_bytes - length));
    }
    const bool fits = gzdirect(file->stream) != 0 ? file->disk_bytes == length + total
                                                  : total / DEFLATE_RATIO_MAX <= file->disk_bytes;
    if (!fits || total > SIZE_MAX / 2) {
        return moco_error_set(
            MOCO_EFORMAT,
            "%s: the header announces %llu bytes of values, but a file of %llu bytes does not hold them; it "
            "is truncated or damaged, fetch it again",
            file->path, (unsigned long long)total, (unsigned long long)file->disk_bytes);
    }
    *bytes = (size_t)total;
    return MOCO_OK;
}

static moco_status read_once(uint8_t **values, uint32_t *sizes, unsigned dims, const char *path)
{
    idx_file file = { 0 };
    uint8_t *loaded = NULL;
    size_t bytes = 0;
    MOCO_TRY(open_file(&file, path));
    moco_status status;
    MOCO_TRY_GOTO(read_header(&file, sizes, dims, &bytes));
    loaded = malloc(bytes);
    if (loaded == NULL) {
        status = moco_error_set(MOCO_ENOMEM, "%s: out of memory for its %zu bytes", path, bytes);
        goto done;
    }
    MOCO_TRY_GOTO(read_exactly(&file, loaded, bytes));
    MOCO_TRY_GOTO(expect_end(&file));
    *values = loaded;
    loaded = NULL;
done:
    free(loaded);
    (void)gzclose_r(file.stream);
    return status;
}

/* zlib fails where a signal interrupts a read, and what it had read is lost. */
moco_status moco__idx_read(uint8_t **values, uint32_t *sizes, unsigned dims, const char *path)
{
    moco_status status;
    do {
        errno = 0;
        status = read_once(values, sizes, dims, path);
    } while (status == MOCO_EIO && errno == EINTR);
    return status;
}

bool moco__idx_is(const char *path)
{
    idx_file file = { 0 };
    uint8_t magic[4] = { 0 };
    int got;
    do {
        const moco_status status = open_file(&file, path);
        if (status != MOCO_OK) {
            return status == MOCO_ENOMEM;
        }
        errno = 0;
        got = gzread(file.stream, magic, sizeof magic);
        (void)gzclose_r(file.stream);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == ENOMEM) {
        return true; /* then reading it says why it cannot be */
    }
    /* Types 0x08 to 0x0e and one to four dimensions: what is not 8-bit images is refused with a reason when read. */
    return got == (int)sizeof magic && magic[0] == 0 && magic[1] == 0 && magic[2] >= 0x08 && magic[2] <= 0x0e &&
           magic[3] >= 1 && magic[3] <= 4;
}
