/*
 * Fuzzes the reader of index files: any bytes beside a small shard must be its index or an error with a message. The
 * checksum and what identifies the shard are put right first, or hardly an input would come further.
 */
#include "fuzz_file.h"

#include "base/handle_internal.h"
#include "base/hash_internal.h"
#include "dataset/shard_index_internal.h"

#include <string.h>

enum { HEADER = 80, SUM_AT = 72, MAGIC = 8, SHARD_BYTES = 4096 };

/* Size and digest of the shard of zeros, as the index has them. */
static void put_identity(uint8_t *file)
{
    static const uint8_t zeros[SHARD_BYTES];
    const uint64_t size = SHARD_BYTES;
    uint64_t digest = MOCO__HASH_START;
    for (int i = 0; i < 16; ++i) {
        digest = moco__hash(digest, zeros, SHARD_BYTES);
    }
    memcpy(file, "MOCOIDX2", MAGIC);
    memcpy(file + MAGIC, &size, sizeof size);
    memcpy(file + MAGIC + 8, &digest, sizeof digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[SHARD_BYTES];
    char shard_path[64];
    char index_path[64];
    uint8_t *file = malloc(size + 1);
    if (file == NULL) {
        abort();
    }
    memcpy(file, data, size);
    if (size >= HEADER) {
        put_identity(file);
        /* As of an index that is checked as a whole; one of more samples needs megabytes. */
        const uint64_t sum = moco__hash(moco__hash(MOCO__HASH_START, file, SUM_AT), file + HEADER, size - HEADER);
        memcpy(file + SUM_AT, &sum, sizeof sum);
    }
    const int shard_file = fuzz_file(shard_path, zeros, sizeof zeros);
    const int index_file = fuzz_file(index_path, file, size);
    moco__shard shard = { .path = strdup(shard_path) };
    if (fuzz_took(moco__shard_read_index(&shard, index_path))) {
        size_t length = 0;
        for (size_t i = 0; i < shard.count; ++i) {
            length += strlen(moco__shard_name(&shard, i));
            if (shard.samples[i].label >= MOCO__CLASSES_MAX) {
                abort();
            }
        }
        if (length > shard.count * shard.texts.size) {
            abort();
        }
    }
    moco__shard_free(&shard);
    free(file);
    (void)close(shard_file);
    (void)close(index_file);
    return 0;
}
