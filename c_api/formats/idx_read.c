/*
 * Reads IDX files.
 *
 * A file is: two zero bytes, 0x08 (unsigned bytes), the number of dimensions (3 for images, 1 for labels), each
 * dimension as a big-endian uint32, then the values. It may be gzipped.
 */
#include "formats/idx_read_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/unpack_internal.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    MAX_SIDE = 65535,
    BLOCK = 65536,           /* packed bytes per read */
    DEFLATE_RATIO_MAX = 1032 /* no deflate stream expands by more */
};

/* A file that is being read. */
typedef struct idx_file {
    const char *path;
    int descriptor;
    uint64_t disk_bytes;
    uint64_t offset;      /* of the next byte on the disk */
    moco__unpack *unpack; /* NULL: it is plain */
    uint8_t block[BLOCK];
} idx_file;

static void close_file(idx_file *file)
{
    if (file != NULL) {
        moco__unpack_close(file->unpack);
        if (file->descriptor >= 0) {
            (void)moco__close(file->descriptor);
        }
        free(file);
    }
}

static moco_status read_disk(idx_file *file, uint8_t *out, size_t count, size_t *got)
{
    const int error = moco__read_at(got, out, file->descriptor, count, file->offset);
    file->offset += *got;
    return error == 0 ? MOCO_OK : moco__files_cannot("read", file->path, error);
}

static moco_status next_packed(void *context, const uint8_t **bytes, size_t *count)
{
    idx_file *file = context;
    *bytes = file->block;
    return read_disk(file, file->block, sizeof file->block, count);
}

/* Finds out whether it is gzipped. */
static moco_status start_file(idx_file *file)
{
    struct stat info;
    uint8_t magic[2];
    size_t got = 0;
    if (fstat(file->descriptor, &info) != 0) {
        return moco__files_cannot("read", file->path, errno);
    }
    file->disk_bytes = (uint64_t)info.st_size;
    MOCO_TRY(read_disk(file, magic, sizeof magic, &got));
    file->offset = 0;
    return got == sizeof magic && magic[0] == 0x1F && magic[1] == 0x8B
               ? moco__unpack_open(&file->unpack, file->path, ARCHIVE_FILTER_GZIP, next_packed, file)
               : MOCO_OK;
}

/* The caller closes the file in any case. */
static moco_status open_file(idx_file **out, const char *path)
{
    idx_file *file = moco__calloc(1, sizeof *file);
    *out = file;
    if (file == NULL) {
        return MOCO_ENOMEM;
    }
    file->path = path;
    file->descriptor = moco__open(path, O_RDONLY);
    return file->descriptor >= 0 ? start_file(file) : moco__files_cannot("open", path, errno);
}

static moco_status read_up_to(idx_file *file, uint8_t *out, size_t size, size_t *got)
{
    return file->unpack != NULL ? moco__unpack_read(file->unpack, out, size, got) : read_disk(file, out, size, got);
}

static moco_status read_exactly(idx_file *file, uint8_t *out, size_t size)
{
    size_t got = 0;
    MOCO_TRY(read_up_to(file, out, size, &got));
    return got == size ? MOCO_OK
                       : moco_error_set(MOCO_EFORMAT, "%s: the file is truncated; fetch it again", file->path);
}

/* Reading to the end also compares the checksum of gzip. */
static moco_status expect_end(idx_file *file)
{
    uint8_t byte;
    size_t got = 0;
    MOCO_TRY(read_up_to(file, &byte, 1, &got));
    return got == 0 ? MOCO_OK
                    : moco_error_set(MOCO_EFORMAT, "%s: the file is longer than its header says; fetch it again",
                                     file->path);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24U | (uint32_t)bytes[1] << 16U | (uint32_t)bytes[2] << 8U | bytes[3];
}

/* Reads the header, and refuses sizes that the file cannot hold. @param[out] bytes of values */
static moco_status read_header(idx_file *file, uint32_t *sizes, unsigned dims, size_t *bytes)
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
    if (file->unpack == NULL && file->disk_bytes > length + total) {
        return moco_error_set(MOCO_EFORMAT,
                              "%s: the header announces %llu bytes of values, but %llu follow it; the file is damaged, "
                              "or another one was appended to it",
                              file->path, (unsigned long long)total, (unsigned long long)(file->disk_bytes - length));
    }
    const bool fits =
        file->unpack == NULL ? file->disk_bytes == length + total : total / DEFLATE_RATIO_MAX <= file->disk_bytes;
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

moco_status moco__idx_read(uint8_t **values, uint32_t *sizes, unsigned dims, const char *path)
{
    idx_file *file = NULL;
    uint8_t *loaded = NULL;
    size_t bytes = 0;
    moco_status status;
    MOCO_TRY_GOTO(open_file(&file, path));
    MOCO_TRY_GOTO(read_header(file, sizes, dims, &bytes));
    loaded = malloc(bytes);
    if (loaded == NULL) {
        status = moco_error_set(MOCO_ENOMEM, "%s: out of memory for its %zu bytes", path, bytes);
        goto done;
    }
    MOCO_TRY_GOTO(read_exactly(file, loaded, bytes));
    MOCO_TRY_GOTO(expect_end(file));
    *values = loaded;
    loaded = NULL;
done:
    free(loaded);
    close_file(file);
    return status;
}

bool moco__idx_is(const char *path)
{
    idx_file *file = NULL;
    uint8_t magic[4] = { 0 };
    size_t got = 0;
    moco_status status = open_file(&file, path);
    if (status == MOCO_OK) {
        status = read_up_to(file, magic, sizeof magic, &got);
    }
    close_file(file);
    if (status != MOCO_OK) {
        return status == MOCO_ENOMEM; /* then reading it says why it cannot be */
    }
    /* Types 0x08 to 0x0e and one to four dimensions: what is not 8-bit images is refused with a reason when read. */
    return got == sizeof magic && magic[0] == 0 && magic[1] == 0 && magic[2] >= 0x08 && magic[2] <= 0x0e &&
           magic[3] >= 1 && magic[3] <= 4;
}
