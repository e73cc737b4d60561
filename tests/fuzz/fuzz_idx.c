/*
 * Fuzzes the reader of IDX files: any bytes, plain or gzipped, as images or as the labels beside two images, must be
 * images and classes, or an error with a message. The first byte says which.
 */
#include "fuzz_file.h"

#include <moco.h>
#include <string.h>

static const uint8_t two_images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40 };

static char folder[FUZZ_PATH_SIZE];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/moco-fuzz-idx-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        abort();
    }
}

static void write_file(char path[2 * FUZZ_PATH_SIZE], const char *name, const uint8_t *data, size_t size)
{
    (void)snprintf(path, (size_t)2 * FUZZ_PATH_SIZE, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

static void read_all(const moco_dataset *images)
{
    moco_image *image = NULL;
    const size_t count = moco_dataset_count(images);
    const size_t classes = moco_dataset_class_count(images);
    if (moco_image_create(&image) != MOCO_OK) {
        abort();
    }
    for (size_t i = 0; i < count; i = i + 1 + count / 16) {
        const int64_t label = moco_dataset_label(images, i);
        if (label >= (int64_t)classes || moco_dataset_read(images, image, i) != MOCO_OK) {
            abort();
        }
    }
    moco_image_free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char images_path[2 * FUZZ_PATH_SIZE];
    char labels_path[2 * FUZZ_PATH_SIZE];
    moco_dataset *images = NULL;
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.format = MOCO_FORMAT_IDX;
    if (size == 0) {
        return 0;
    }
    if (folder[0] == '\0') {
        make_folder();
    }
    const bool labels = data[0] % 2 == 1;
    write_file(images_path, "train-images-idx3-ubyte", labels ? two_images : data + 1,
               labels ? sizeof two_images : size - 1);
    write_file(labels_path, "train-labels-idx1-ubyte", data + 1, labels ? size - 1 : 0);
    if (!labels) {
        (void)remove(labels_path);
    }
    if (moco_dataset_open(&images, images_path, &options) == MOCO_OK) {
        read_all(images);
        moco_dataset_free(images);
    } else if (images != NULL || moco_error_message()[0] == '\0') {
        abort();
    }
    (void)remove(labels_path);
    (void)remove(images_path);
    return 0;
}
