/*
 * IDX files (the MNIST family), plain or gzipped, loaded whole.
 *
 * A file is: two zero bytes, 0x08 (unsigned bytes), the number of dimensions (3 for images, 1 for labels), each
 * dimension as a big-endian uint32, then the values. Zlib reads both the plain and the gzipped form.
 */
#include "dataset/dataset_internal.h"

#include "base/files_internal.h"

#include "base/handle_internal.h"
#include "dataset/class_names_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    IMAGE_DIMS = 3,
    LABEL_DIMS = 1,
    MAX_SIDE = 65535,
    READ_STEP = 1 << 26,     /* bytes a call of gzread */
    DEFLATE_RATIO_MAX = 1032 /* no deflate stream expands by more */
};

typedef struct idx_state {
    char *path;
    uint8_t *pixels;
    int32_t width;
    int32_t height;
} idx_state;

/* A file in reading. */
typedef struct idx_file {
    const char *path;
    gzFile stream;
    uint64_t disk_bytes;
} idx_file;

static moco_status open_file(idx_file *file, const char *path)
{
    struct stat info;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return moco_error_set(errno == ENOENT ? MOCO_ENOTFOUND : MOCO_EIO, "dataset: cannot open %s: %s", path,
                              strerror(errno));
    }
    if (fstat(descriptor, &info) != 0) {
        (void)close(descriptor);
        return moco_error_set(MOCO_EIO, "dataset: cannot look at %s: %s", path, strerror(errno));
    }
    gzFile stream = gzdopen(descriptor, "rb");
    if (stream == NULL) {
        (void)close(descriptor);
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for reading %s", path);
    }
    *file = (idx_file){ path, stream, (uint64_t)info.st_size };
    return MOCO_OK;
}

static moco_status read_failed(const idx_file *file)
{
    int code = Z_OK;
    const char *reason = gzerror(file->stream, &code);
    if (code == Z_ERRNO) {
        return moco_error_set(MOCO_EIO, "dataset: cannot read %s: %s", file->path, strerror(errno));
    }
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) {
        return moco_error_set(MOCO_EFORMAT, "dataset: %s is truncated; fetch it again", file->path);
    }
    return moco_error_set(MOCO_EFORMAT, "dataset: %s is damaged (%s); fetch it again", file->path, reason);
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

/* Reading on to the end also makes zlib compare the checksum. */
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
        return moco_error_set(MOCO_EFORMAT, "dataset: %s is longer than its header says; fetch it again", file->path);
    }
    return MOCO_OK;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24U | (uint32_t)bytes[1] << 16U | (uint32_t)bytes[2] << 8U | bytes[3];
}

/* Reads the header and refuses sizes that the file cannot hold, before any memory is taken for them. */
static moco_status read_header(const idx_file *file, uint32_t *sizes, unsigned dims, size_t *bytes)
{
    uint8_t header[4 + 4 * IMAGE_DIMS];
    const size_t length = 4 + 4 * (size_t)dims;
    MOCO_TRY(read_exactly(file, header, 4));
    const uint32_t magic = big_endian(header);
    if (magic != (0x0800U | dims)) {
        return moco_error_set(
            MOCO_EFORMAT, "dataset: %s starts with 0x%08x in place of 0x%08x: it is no IDX file of %s", file->path,
            magic, 0x0800U | dims, dims == IMAGE_DIMS ? "8-bit images (give the idx3 file)" : "labels");
    }
    MOCO_TRY(read_exactly(file, header + 4, length - 4));
    uint64_t total = 1; /* at most 2^32 x 2^16 x 2^16 */
    for (unsigned i = 0; i < dims; ++i) {
        sizes[i] = big_endian(header + 4 + 4 * (size_t)i);
        if (sizes[i] == 0 || (i > 0 && sizes[i] > MAX_SIDE)) {
            return moco_error_set(MOCO_EFORMAT, "dataset: dimension %u of %s is %u, out of its range", i, file->path,
                                  sizes[i]);
        }
        total *= sizes[i];
    }
    const bool fits = gzdirect(file->stream) != 0 ? file->disk_bytes == length + total
                                                  : total / DEFLATE_RATIO_MAX <= file->disk_bytes;
    if (!fits || total > SIZE_MAX / 2) {
        return moco_error_set(
            MOCO_EFORMAT,
            "dataset: the header of %s promises %llu bytes of values, which a file of %llu bytes does "
            "not hold; it is truncated or damaged, fetch it again",
            file->path, (unsigned long long)total, (unsigned long long)file->disk_bytes);
    }
    *bytes = (size_t)total;
    return MOCO_OK;
}

/* Loads a file of `dims` dimensions. @param[out] values owned by the caller */
static moco_status load(uint8_t **values, uint32_t *sizes, unsigned dims, const char *path)
{
    idx_file file;
    uint8_t *loaded = NULL;
    size_t bytes = 0;
    MOCO_TRY(open_file(&file, path));
    moco_status status;
    MOCO_TRY_GOTO(read_header(&file, sizes, dims, &bytes));
    loaded = malloc(bytes);
    if (loaded == NULL) {
        status = moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the %zu bytes of %s", bytes, path);
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

/* ---- The dataset ---- */

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const idx_state *state = dataset->state;
    (void)snprintf(buffer, size, "%s[%zu]", state->path, index);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const idx_state *state = dataset->state;
    const size_t pixels = (size_t)state->width * (size_t)state->height;
    return moco_image_set(image, state->width, state->height, 1, state->pixels + index * pixels);
}

static void close_state(moco_dataset *dataset)
{
    idx_state *state = dataset->state;
    if (state != NULL) {
        free(state->path);
        free(state->pixels);
        free(state);
    }
}

static const moco__dataset_ops idx_ops = { read_image, name_of, NULL, NULL, close_state };

static moco_status take_labels(moco_dataset *dataset, const char *path)
{
    uint32_t count;
    uint8_t *bytes;
    MOCO_TRY(load(&bytes, &count, LABEL_DIMS, path));
    if (count != dataset->count) {
        free(bytes);
        return moco_error_set(MOCO_EFORMAT,
                              "dataset: %s has %u labels for %zu images; the two files do not belong together", path,
                              count, dataset->count);
    }
    dataset->labels = moco__calloc(count, sizeof *dataset->labels);
    if (dataset->labels == NULL) {
        free(bytes);
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < count; ++i) {
        dataset->labels[i] = bytes[i];
        if (bytes[i] >= dataset->class_count) {
            dataset->class_count = (size_t)bytes[i] + 1;
        }
    }
    free(bytes);
    return moco__class_names_idx(dataset, path);
}

static moco_status take_images(moco_dataset *dataset, const char *path)
{
    uint32_t sizes[IMAGE_DIMS];
    idx_state *state = moco__calloc(1, sizeof *state);
    if (state == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->ops = &idx_ops;
    dataset->state = state;
    dataset->format = MOCO_FORMAT_IDX;
    state->path = strdup(path);
    if (state->path == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
    }
    MOCO_TRY(load(&state->pixels, sizes, IMAGE_DIMS, path));
    dataset->count = sizes[0];
    state->height = (int32_t)sizes[1];
    state->width = (int32_t)sizes[2];
    return MOCO_OK;
}

/* ---- Names ---- */

static const char *const train_names[] = { "train-images-idx3-ubyte", "train-images.idx3-ubyte", NULL };
static const char *const test_names[] = { "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "test-images-idx3-ubyte",
                                          NULL };

/* Finds a split's file of images, or that with .gz, in a folder. */
static bool find_images(char *name, size_t size, const char *folder, moco_split split)
{
    const char *const *names = split == MOCO_SPLIT_TRAIN ? train_names : test_names;
    for (; *names != NULL; ++names) {
        (void)snprintf(name, size, "%s", *names);
        if (moco__files_exist_in(folder, name)) {
            return true;
        }
        (void)snprintf(name, size, "%s.gz", *names);
        if (moco__files_exist_in(folder, name)) {
            return true;
        }
    }
    return false;
}

/* Overwrites the last `from` in `text` by `to`, of the same length. */
static bool replace_last(char *text, const char *from, const char *to)
{
    char *last = NULL;
    for (char *at = strstr(text, from); at != NULL; at = strstr(at + 1, from)) {
        last = at;
    }
    if (last == NULL) {
        return false;
    }
    memcpy(last, to, strlen(to));
    return true;
}

/* The labels that belong to a file of images: its name with labels for images and idx1 for idx3, with .gz or not. */
static moco_status take_labels_beside(moco_dataset *dataset, const char *images_path)
{
    struct stat info;
    const size_t length = strlen(images_path);
    char *path = moco__calloc(length + sizeof ".gz", 1);
    if (path == NULL) {
        return MOCO_ENOMEM;
    }
    memcpy(path, images_path, length);
    char *slash = strrchr(path, '/');
    char *base = slash != NULL ? slash + 1 : path;
    moco_status status = MOCO_OK;
    if (replace_last(base, "images", "labels") && replace_last(base, "idx3", "idx1")) {
        const bool packed = length > 3 && strcmp(path + length - 3, ".gz") == 0;
        if (stat(path, &info) != 0) {
            memcpy(path + (packed ? length - 3 : length), packed ? "\0\0" : ".gz", 3);
        }
        if (stat(path, &info) == 0) {
            status = take_labels(dataset, path);
        }
    }
    free(path);
    return status;
}

bool moco__dataset_is_idx(const char *path, bool is_file)
{
    char name[64];
    idx_file file;
    uint8_t magic[4] = { 0 };
    if (!is_file) {
        return find_images(name, sizeof name, path, MOCO_SPLIT_TRAIN) ||
               find_images(name, sizeof name, path, MOCO_SPLIT_TEST);
    }
    if (open_file(&file, path) != MOCO_OK) {
        return false;
    }
    const int got = gzread(file.stream, magic, sizeof magic);
    (void)gzclose_r(file.stream);
    /* Types 0x08 to 0x0e and one to four dimensions: what is not 8-bit images is refused with a reason on opening. */
    return got == (int)sizeof magic && magic[0] == 0 && magic[1] == 0 && magic[2] >= 0x08 && magic[2] <= 0x0e &&
           magic[3] >= 1 && magic[3] <= 4;
}

moco_status moco__dataset_open_idx(moco_dataset *dataset, const char *path, bool is_file, moco_split split)
{
    char name[64];
    if (is_file) {
        MOCO_TRY(take_images(dataset, path));
        return take_labels_beside(dataset, path);
    }
    if (!find_images(name, sizeof name, path, split)) {
        return moco_error_set(MOCO_ENOTFOUND, "dataset: no file %s-images-idx3-ubyte or its .gz in %s",
                              split == MOCO_SPLIT_TRAIN ? "train" : "t10k", path);
    }
    char *images = moco__files_join_new(path, name);
    if (images == NULL) {
        return MOCO_ENOMEM;
    }
    moco_status status = take_images(dataset, images);
    if (status == MOCO_OK) {
        status = take_labels_beside(dataset, images);
    }
    free(images);
    return status;
}
