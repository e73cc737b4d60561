/* Writes the index of each shard of a path. */
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/shard_internal.h"
#include "dataset/shard_list_internal.h"

#include "moco/shards.h"

#include <stdlib.h>

static moco_status index_one(const char *path, size_t done, size_t total, moco_shards_fn progress, void *payload)
{
    moco__shard shard;
    MOCO_TRY(moco__shard_scan(&shard, path));
    const moco_status status = moco__shard_write_index(&shard);
    const moco_shards_progress now = { path, "indexing", done, total, shard.count };
    moco__shard_free(&shard);
    MOCO_TRY(status);
    if (progress != NULL && progress(&now, payload) != 0) {
        return moco_error_set(MOCO_ESTOPPED, "stopped after %zu of %zu shards", done, total);
    }
    return MOCO_OK;
}

/* The shards of both splits, where a folder has both. */
static moco_status index_split(const char *path, moco_split split, moco_shards_fn progress, void *payload)
{
    moco__shard_list list;
    char *place = NULL;
    MOCO_TRY(moco__dataset_resolve_split(&place, path, split));
    moco_status status = moco__shard_list_find(&list, place);
    free(place);
    MOCO_TRY(status);
    for (size_t i = 0; i < list.count && status == MOCO_OK; ++i) {
        status = index_one(list.paths[i], i + 1, list.count, progress, payload);
    }
    moco__shard_list_free(&list);
    return status;
}

moco_status moco_shards_index(const char *path, moco_shards_fn progress, void *payload)
{
    MOCO_CHECK_ARG(path);
    MOCO_TRY(index_split(path, MOCO_SPLIT_TRAIN, progress, payload));
    return moco__dataset_tree_has_split(path) ? index_split(path, MOCO_SPLIT_TEST, progress, payload) : MOCO_OK;
}
