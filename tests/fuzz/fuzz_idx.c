/*
 * Fuzzes the reader of IDX files: any bytes, plain or gzipped, as images or as the labels beside two images, must be
 * images and classes, or an error with a message. The first byte says which.
 */
#include "fuzz_file.h"

static const uint8_t two_images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40 };

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
    const bool labels = data[0] % 2 == 1;
    fuzz_write(images_path, "train-images-idx3-ubyte", labels ? two_images : data + 1,
               labels ? sizeof two_images : size - 1);
    fuzz_write(labels_path, "train-labels-idx1-ubyte", data + 1, labels ? size - 1 : 0);
    if (!labels) {
        (void)remove(labels_path);
    }
    if (fuzz_took(moco_dataset_open(&images, images_path, &options))) {
        read_all(images);
        moco_dataset_free(images);
    } else if (images != NULL) {
        abort();
    }
    (void)remove(labels_path);
    (void)remove(images_path);
    return 0;
}
