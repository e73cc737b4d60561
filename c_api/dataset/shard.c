/* Holds the samples of a shard. */
#include "dataset/shard_internal.h"

#include "base/handle_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

moco_status moco__shard_create(moco__shard *shard, const char *path)
{
    *shard = (moco__shard){ .path = strdup(path) };
    return shard->path != NULL ? MOCO_OK : moco_error_set(MOCO_ENOMEM, "out of memory for the name %s", path);
}

void moco__shard_free(moco__shard *shard)
{
    free(shard->path);
    if (shard->map != NULL) {
        (void)munmap(shard->map, shard->map_size);
    } else {
        free(shard->samples);
        moco__bytes_free(&shard->texts);
    }
    moco__left_out_free(&shard->left_out);
    *shard = (moco__shard){ .path = NULL };
}

const char *moco__shard_name(const moco__shard *shard, size_t position)
{
    const uint64_t name = shard->samples[position].name;
    /* A large index is not read as a whole when it is opened. */
    return name < shard->texts.size ? (const char *)shard->texts.data + name : "(damaged index)";
}
