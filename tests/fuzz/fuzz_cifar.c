/*
 * Fuzzes the reader of CIFAR's binary version: any bytes as records, or as the names of the classes beside one record,
 * must be images and classes, or an error with a message. The first byte says which, and of which dataset.
 */
#include "fuzz_file.h"

#include <string.h>

enum { HUNDRED = 1, NAMES = 2, WHOLE = 4, PIXELS = 3072, RECORDS_MAX = 4 };

static void read_all(const moco_dataset *images)
{
    moco_image *image = NULL;
    const size_t classes = moco_dataset_class_count(images);
    size_t length = 0;
    if (moco_image_create(&image) != MOCO_OK) {
        abort();
    }
    for (size_t i = 0; i < moco_dataset_count(images); ++i) {
        char name[MOCO_PATH_MAX];
        moco_dataset_name(images, i, name, sizeof name);
        const int64_t label = moco_dataset_label(images, i);
        if (label < 0 || label >= (int64_t)classes || name[0] == '\0' ||
            moco_dataset_read(images, image, i) != MOCO_OK) {
            abort();
        }
    }
    for (size_t i = 0; i < classes; ++i) {
        const char *name = moco_dataset_class_name(images, i);
        length += name != NULL ? strlen(name) : 0;
    }
    if (length > RECORDS_MAX * PIXELS + 1000) {
        abort();
    }
    moco_image_free(image);
}

/* Writes the records; each begins with bytes of the input if only whole ones are wanted. */
static void write_records(char path[2 * FUZZ_PATH_SIZE], uint8_t kind, const uint8_t *data, size_t size)
{
    static uint8_t records[RECORDS_MAX * (PIXELS + 2)];
    const size_t record = PIXELS + 1 + kind % 2;
    const char *name = (kind & HUNDRED) != 0 ? "test.bin" : "test_batch.bin";
    if ((kind & (NAMES | WHOLE)) == 0) {
        fuzz_write(path, name, data, size);
        return;
    }
    memset(records, 0, sizeof records);
    const size_t count = (kind & NAMES) != 0 || size < 2 ? 1 : 1 + data[0] % RECORDS_MAX;
    for (size_t i = 0; i < count && (kind & NAMES) == 0; ++i) {
        const size_t room = size > 2 * i + 1 ? size - 2 * i - 1 : 0;
        memcpy(records + i * record, data + size - room, room < 2 ? room : 2);
    }
    fuzz_write(path, name, records, count * record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char records_path[2 * FUZZ_PATH_SIZE];
    char names_path[2 * FUZZ_PATH_SIZE] = "";
    moco_dataset *images = NULL;
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    options.format = MOCO_FORMAT_CIFAR;
    options.split = MOCO_SPLIT_TEST;
    if (size == 0 || size > (size_t)RECORDS_MAX * PIXELS) {
        return 0;
    }
    const uint8_t kind = data[0];
    write_records(records_path, kind, data + 1, size - 1);
    if ((kind & NAMES) != 0) {
        fuzz_write(names_path, (kind & HUNDRED) != 0 ? "fine_label_names.txt" : "batches.meta.txt", data + 1, size - 1);
    }
    if (fuzz_took(moco_dataset_open(&images, fuzz_folder(), &options))) {
        read_all(images);
        moco_dataset_free(images);
    } else if (images != NULL) {
        abort();
    }
    (void)remove(names_path);
    (void)remove(records_path);
    return 0;
}
