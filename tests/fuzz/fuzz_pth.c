/*
 * Fuzzes the reader of torch.save's files: any bytes, a zip archive or the older stream of pickles, must be tensors or
 * an error with a message, and every tensor must lie within the file.
 */
#include "fuzz_file.h"

#include <string.h>

/* Takes the checksums out of a zip archive's directory, or hardly an input would come further. */
static void clear_sums(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 46 <= size; ++at) {
        if (memcmp(data + at, "PK\1\2", 4) == 0) {
            memset(data + at + 16, 0, 4);
        }
    }
}

static void read_all(const moco_weights *weights)
{
    moco_metadata row;
    size_t length = 0;
    for (size_t i = 0; moco_weights_metadata_at(&row, weights, i); ++i) {
        length += strlen(row.key) + strlen(row.value);
    }
    for (size_t i = 0; i < moco_weights_count(weights); ++i) {
        const moco_weights_entry *entry = moco_weights_get(weights, i);
        uint8_t *values = malloc(entry->bytes + 1);
        if (values == NULL || moco_weights_find(weights, entry->name) != entry || length == SIZE_MAX) {
            abort();
        }
        (void)fuzz_took(moco_weights_read(values, entry->bytes, weights, entry->name));
        free(values);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco_weights *weights = NULL;
    uint8_t *file = malloc(size + 1);
    if (file == NULL) {
        abort();
    }
    memcpy(file, data, size);
    clear_sums(file, size);
    const int descriptor = fuzz_file(path, file, size);
    free(file);
    if (fuzz_took(moco_weights_open(&weights, path))) {
        read_all(weights);
    }
    moco_weights_free(weights);
    (void)close(descriptor);
    return 0;
}
