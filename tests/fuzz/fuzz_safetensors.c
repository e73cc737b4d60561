/*
 * Fuzzes the reader of safetensors files: any bytes must be tensors whose every byte is in the file, or an error with a
 * message.
 */
#include "fuzz_file.h"

#include <moco.h>

static volatile unsigned sum;

static void read_all(const moco_safetensors *file)
{
    moco_metadata row;
    for (size_t i = 0; i < moco_safetensors_count(file); ++i) {
        const moco_safetensors_entry *entry = moco_safetensors_get(file, i);
        const unsigned char *bytes = entry->data;
        for (size_t at = 0; at < entry->bytes; ++at) {
            sum += bytes[at];
        }
        if (moco_safetensors_find(file, entry->name) != entry) {
            abort();
        }
    }
    for (size_t i = 0; moco_safetensors_metadata_at(&row, file, i); ++i) {
        if (row.key == NULL || row.value == NULL) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_safetensors *file = NULL;
    const int descriptor = fuzz_file(path, data, size);
    if (moco_safetensors_open(&file, path) == MOCO_OK) {
        read_all(file);
        moco_safetensors_free(file);
    } else if (file != NULL || moco_error_message()[0] == '\0') {
        abort();
    }
    (void)close(descriptor);
    return 0;
}
