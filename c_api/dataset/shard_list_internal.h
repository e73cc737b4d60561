/*
 * Lists the shards that a path means: a tar file (.tar, or compressed, as .tar.gz), all shards of a folder, bytewise by
 * name, or a pattern; or the commands of a pattern "pipe:COMMAND".
 */
#ifndef MOCO_DATASET_SHARD_LIST_INTERNAL_H
#define MOCO_DATASET_SHARD_LIST_INTERNAL_H

#include "dataset/left_out_internal.h"

typedef struct moco__shard_list {
    char **paths;
    size_t count;
    bool are_commands; /* each is "pipe:COMMAND" */
} moco__shard_list;

/* Returns whether a name ends like that of a shard. */
bool moco__is_shard_name(const char *name);
/* Returns whether a folder has shards, and no images, neither beside them nor in folders. */
bool moco__shard_list_is_folder(const char *path);

/* @param left notes what a folder has beside its shards; may be NULL */
moco_status moco__shard_list_find(moco__shard_list *list, const char *path, moco__left_out *left);
void moco__shard_list_free(moco__shard_list *list);

#endif
