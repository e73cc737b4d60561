/* Holds the samples of a shard. */
#include "dataset/shard_internal.h"

#include "base/handle_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FREE_BYTES = 1 << 24, /* of a list, whatever the size of the archive */
    BYTES_PER_BYTE = 16   /* more of it for each byte of the archive; a plain one has 512 bytes a member */
};

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

moco_status moco__shard_check_list(const moco__shard *shard, uint64_t file)
{
    const uint64_t list = shard->count * sizeof *shard->samples + shard->texts.size;
    if (list <= FREE_BYTES || (list - FREE_BYTES) / BYTES_PER_BYTE <= file) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EFORMAT,
                          "%s: the list of its first %zu samples has %llu bytes, too many for an archive of %llu; pack "
                          "it without compression",
                          shard->path, shard->count, (unsigned long long)list, (unsigned long long)file);
}
