/*
 * Expands patterns of shards as WebDataset does: braces as in a shell, "train-{000000..000146}.tar",
 * "{a,b}-{0..9}.tar", and wildcards, "*.tar". A shard that braces name and that is missing is an error.
 */
#ifndef MOCO_DATASET_SHARD_PATTERN_INTERNAL_H
#define MOCO_DATASET_SHARD_PATTERN_INTERNAL_H

#include "moco/error.h"

/* Returns whether a path has braces that can be expanded, or wildcards. */
bool moco__shard_pattern_is(const char *path);
/* Gives each path of a pattern to a function, in the order of the pattern, and those of wildcards bytewise. */
moco_status moco__shard_pattern_expand(const char *path, moco_status (*take)(const char *path, void *payload),
                                       void *payload);

/* Expands the braces of "pipe:COMMAND" alone. */
moco_status moco__shard_pattern_expand_command(const char *path, moco_status (*take)(const char *path, void *payload),
                                               void *payload);

#endif
