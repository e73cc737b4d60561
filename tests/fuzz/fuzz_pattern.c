/*
 * Fuzzes patterns of shards: any text must name shards, or be an error with a message.
 */
#include "fuzz_file.h"

#include "dataset/shard_pattern_internal.h"

#include <string.h>

enum { SHARDS_MAX = 200, LENGTH_MAX = 512 };

typedef struct taken {
    size_t count, longest;
} taken;

static moco_status take(const char *path, void *payload)
{
    taken *t = payload;
    const size_t length = strlen(path);
    t->longest = length > t->longest ? length : t->longest;
    t->count += 1;
    return t->count < SHARDS_MAX ? MOCO_OK : moco_error_set(MOCO_EINVALID, "enough");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    taken t = { 0, 0 };
    char *pattern = size <= LENGTH_MAX ? strndup((const char *)data, size) : NULL;
    if (pattern != NULL) {
        const bool expands = moco__shard_pattern_is(pattern);
        const bool done = fuzz_took(moco__shard_pattern_expand_command(pattern, take, &t));
        if ((done && t.count == 0) || (!expands && (t.count != 1 || t.longest != strlen(pattern)))) {
            abort();
        }
        free(pattern);
    }
    return 0;
}
