/*
 * Fuzzes the reader of lists of image files: any bytes must be a list, whose images have names and classes, or an error
 * with a message. No file of the list has to be there.
 */
#include "fuzz_file.h"

#include <string.h>

static void check_image(const moco_dataset *dataset, size_t index)
{
    char name[MOCO_PATH_MAX];
    const int64_t classes = (int64_t)moco_dataset_class_count(dataset);
    const int64_t label = moco_dataset_label(dataset, index);
    moco_dataset_name(dataset, index, name, sizeof name);
    if (name[0] == '\0' || label >= classes || (classes > 0 ? label < 0 : label != -1)) {
        abort();
    }
}

/* Either all classes have names, in ascending order, or none. */
static void check_names(const moco_dataset *dataset)
{
    const char *before = NULL;
    for (size_t i = 0; i < moco_dataset_class_count(dataset); ++i) {
        const char *name = moco_dataset_class_name(dataset, i);
        if (i > 0 && ((name == NULL) != (before == NULL) || (name != NULL && strcmp(before, name) >= 0))) {
            abort();
        }
        before = name;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_dataset *dataset = NULL;
    moco_dataset_options options = MOCO_DATASET_OPTIONS_INIT;
    const int descriptor = fuzz_file(path, data, size);
    options.format = MOCO_FORMAT_LIST;
    options.skip_broken = true;
    if (fuzz_took(moco_dataset_open(&dataset, path, &options))) {
        if (moco_dataset_count(dataset) == 0) {
            abort();
        }
        for (size_t i = 0; i < moco_dataset_count(dataset); ++i) {
            check_image(dataset, i);
        }
        check_names(dataset);
    }
    moco_dataset_free(dataset);
    (void)close(descriptor);
    return 0;
}
