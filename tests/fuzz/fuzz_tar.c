/*
 * Fuzzes the tar reader: any bytes, plain or compressed, must be samples or an error with a message.
 *
 * Built with MOCO_FUZZ and clang this is a libFuzzer program; built without, fuzz_replay.c runs it over the corpus.
 */
#include "fuzz_file.h"

#include "base/handle_internal.h"
#include "dataset/shard_scan_internal.h"
#include "dataset/shard_stream_internal.h"

#include <string.h>

enum { READS_MAX = 8, KEEP = 2, BLOCK = 512, SUM_AT = 148, MAGIC_AT = 257 };

/* Corrects checksums, since otherwise hardly any input would get beyond its first header. Odd sizes are not changed. */
static void repair_sums(uint8_t *data, size_t size)
{
    for (size_t at = 0; size % 2 == 0 && at + BLOCK <= size; at += BLOCK) {
        uint8_t *header = data + at;
        unsigned sum = 0;
        if (memcmp(header + MAGIC_AT, "ustar", 5) != 0) {
            continue;
        }
        memset(header + SUM_AT, ' ', 8);
        for (size_t i = 0; i < BLOCK; ++i) {
            sum += header[i];
        }
        (void)snprintf((char *)header + SUM_AT, 8, "%06o", sum);
    }
}

/* Reads samples from the last to the first, which is the hardest order. */
static void read_samples(const moco__shard *shard)
{
    moco__streams *streams = NULL;
    moco__bytes bytes = { NULL, 0, 0 };
    if (moco__streams_create(&streams, shard, 1, KEEP) == MOCO_OK) {
        for (size_t i = shard->count, reads = 0; i > 0 && reads < READS_MAX; --i, ++reads) {
            if (moco__streams_read(streams, 0, i - 1, &bytes) == MOCO_OK && bytes.size != shard->samples[i - 1].size) {
                abort();
            }
        }
    }
    moco__bytes_free(&bytes);
    moco__streams_free(streams);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH_SIZE];
    moco__shard shard;
    uint8_t *file = malloc(size + 1);
    if (file == NULL) {
        abort();
    }
    memcpy(file, data, size);
    repair_sums(file, size);
    const int descriptor = fuzz_file(path, file, size);
    free(file);
    if (fuzz_took(moco__shard_scan(&shard, path))) {
        for (size_t i = 0; i < shard.count; ++i) {
            if (moco__shard_name(&shard, i)[0] == '\0' || shard.samples[i].size > MOCO__IMAGE_BYTES_MAX) {
                abort();
            }
        }
        read_samples(&shard);
        moco__shard_free(&shard);
    }
    (void)close(descriptor);
    return 0;
}
