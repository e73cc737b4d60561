/*
 * Fuzzes the reader of safetensors files: any bytes must be tensors whose every byte is in the file, or an error with a
 * message.
 */
#include "fuzz_file.h"

static void read_all(const moco_weights *file)
{
    moco_metadata row;
    for (size_t i = 0; i < moco_weights_count(file); ++i) {
        const moco_weights_entry *entry = moco_weights_get(file, i);
        void *values = malloc(entry->bytes + 1);
        if (values == NULL || moco_weights_find(file, entry->name) != entry ||
            moco_weights_read(values, entry->bytes, file, entry->name) != MOCO_OK) {
            abort();
        }
        free(values);
    }
    for (size_t i = 0; moco_weights_metadata_at(&row, file, i); ++i) {
        if (row.key == NULL || row.value == NULL) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_weights *file = NULL;
    const int descriptor = fuzz_file(path, data, size);
    if (fuzz_took(moco_weights_open(&file, path))) {
        if (moco_weights_kind_of(file) <= MOCO_WEIGHTS_SAFETENSORS) { /* fuzz_pth.c reads the others */
            read_all(file);
        }
        moco_weights_free(file);
    } else if (file != NULL) {
        abort();
    }
    (void)close(descriptor);
    return 0;
}
