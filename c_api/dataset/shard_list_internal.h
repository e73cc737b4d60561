/*
 * Lists the shards that a path means: a tar file (.tar, .tar.gz, .tgz, .tar.zst), all shards of a folder, bytewise by
 * name, or a range of numbers in braces, "train-{000000..000146}.tar", in which a missing shard is an error.
 */
#ifndef MOCO_DATASET_SHARD_LIST_INTERNAL_H
#define MOCO_DATASET_SHARD_LIST_INTERNAL_H

#include "moco/error.h"

typedef struct moco__shard_list {
    char **paths;
    size_t count;
} moco__shard_list;

/* Returns whether a path has a range in braces. */
bool moco__shard_list_is_range(const char *path);
/* Returns whether a folder has shards, and neither folders nor images beside them. */
bool moco__shard_list_is_folder(const char *path);

moco_status moco__shard_list_find(moco__shard_list *list, const char *path);
void moco__shard_list_free(moco__shard_list *list);

#endif
