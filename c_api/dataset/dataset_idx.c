/* Opens IDX datasets (the MNIST family), and loads them into memory. */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/class_names_internal.h"
#include "dataset/dataset_internal.h"
#include "formats/idx_read_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct idx_state {
    char *path;
    uint8_t *pixels;
    int32_t width;
    int32_t height;
} idx_state;

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const idx_state *state = dataset->state;
    (void)snprintf(buffer, size, "%s[%zu]", state->path, index);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const idx_state *state = dataset->state;
    const size_t pixels = (size_t)state->width * (size_t)state->height;
    return moco_image_set(image, MOCO_FRAME_GREY, state->width, state->height, 0, state->pixels + index * pixels);
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

static const moco__dataset_ops idx_ops = { read_image, name_of, NULL, NULL, close_state, NULL, NULL };

static moco_status take_labels(moco_dataset *dataset, const char *path)
{
    uint32_t count;
    uint8_t *bytes;
    MOCO_TRY(moco__idx_read(&bytes, &count, MOCO__IDX_LABEL_DIMS, path));
    if (count != dataset->count) {
        free(bytes);
        return moco_error_set(MOCO_EFORMAT, "%s: has %u labels for %zu images; the two files do not belong together",
                              path, count, dataset->count);
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
    uint32_t sizes[MOCO__IDX_IMAGE_DIMS];
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
    MOCO_TRY(moco__idx_read(&state->pixels, sizes, MOCO__IDX_IMAGE_DIMS, path));
    dataset->count = sizes[0];
    state->height = (int32_t)sizes[1];
    state->width = (int32_t)sizes[2];
    return MOCO_OK;
}

/* ---- Names ---- */

static const char *const train_names[] = { "train-images-idx3-ubyte", "train-images.idx3-ubyte", NULL };
static const char *const test_names[] = { "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "test-images-idx3-ubyte",
                                          NULL };

/* Finds the images of a split in a folder, plain or gzipped, and writes the file's name to `name`. */
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

/* Overwrites the last `from` in `text` with `to`, which has the same length. Returns whether there is one. */
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

/* Reads the labels beside a file of images, whose name has "labels" for "images" and "idx1" for "idx3". */
static moco_status take_labels_beside(moco_dataset *dataset, const char *images_path)
{
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
        if (!moco__files_exist(path)) {
            memcpy(path + (packed ? length - 3 : length), packed ? "\0\0" : ".gz", 3);
        }
        if (moco__files_exist(path)) {
            status = take_labels(dataset, path);
        }
    }
    free(path);
    return status;
}

static bool is_idx(const char *path, bool is_file)
{
    char name[64];
    return is_file ? moco__idx_is(path)
                   : find_images(name, sizeof name, path, MOCO_SPLIT_TRAIN) ||
                         find_images(name, sizeof name, path, MOCO_SPLIT_TEST);
}

static moco_status open_idx(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *options)
{
    char name[64];
    if (is_file) {
        MOCO_TRY(take_images(dataset, path));
        return take_labels_beside(dataset, path);
    }
    if (!find_images(name, sizeof name, path, options->split)) {
        return moco_error_set(MOCO_ENOTFOUND, "dataset: no file %s-images-idx3-ubyte or its .gz in %s",
                              options->split == MOCO_SPLIT_TRAIN ? "train" : "t10k", path);
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

const moco__dataset_kind moco__dataset_idx = {
    .format = MOCO_FORMAT_IDX,
    .file = "an IDX file",
    .has_split_files = true,
    .recognise = is_idx,
    .open = open_idx,
};
