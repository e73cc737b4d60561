/* Opens shards by their index, and writes the index of each shard of a path. */
#include "dataset/shard_open_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/dataset_split_internal.h"
#include "dataset/shard_index_internal.h"
#include "dataset/shard_list_internal.h"
#include "dataset/shard_scan_internal.h"
#include "formats/command_source_internal.h"

#include "moco/shards.h"

#include <stdlib.h>

static moco_status open_by_index(moco__shard *shard, const char *path, const char *index_path)
{
    MOCO_TRY(moco__shard_create(shard, path));
    const moco_status status = moco__shard_read_index(shard, index_path);
    if (status != MOCO_OK) {
        moco__shard_free(shard);
    }
    return status;
}

moco_status moco__shard_open(moco__shard *shard, const char *path)
{
    char *index_path = moco__shard_index_path(path);
    if (index_path == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status =
        moco__files_exist(index_path) ? open_by_index(shard, path, index_path) : moco__shard_scan(shard, path);
    free(index_path);
    return status;
}

static moco_status index_one(const char *path, size_t done, size_t total, moco_shards_fn progress, void *payload)
{
    moco__shard shard;
    MOCO_TRY(moco__shard_scan(&shard, path));
    moco__left_out_log(&shard.left_out, path);
    const moco_status status = moco__shard_write_index(&shard);
    const moco_shards_progress now = { path, "indexing", done, total, shard.count };
    moco__shard_free(&shard);
    MOCO_TRY(status);
    if (progress != NULL && progress(&now, payload) != 0) {
        return moco_error_set(MOCO_ESTOPPED,
                              "stopped after %zu of %zu shards; the same command starts again with the first", done,
                              total);
    }
    return MOCO_OK;
}

/* Writes the index of each shard of a split. */
static moco_status index_split(const char *path, moco_split split, moco_shards_fn progress, void *payload)
{
    moco__shard_list list;
    char *place = NULL;
    MOCO_TRY(moco__split_folder(&place, path, split));
    moco_status status = moco__shard_list_find(&list, place, NULL);
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
    if (moco__command_is(path)) {
        return moco_error_set(MOCO_EINVALID, "%s: a command has no file beside which an index could be", path);
    }
    MOCO_TRY(index_split(path, MOCO_SPLIT_TRAIN, progress, payload));
    return moco__split_has_folders(path) ? index_split(path, MOCO_SPLIT_TEST, progress, payload) : MOCO_OK;
}
