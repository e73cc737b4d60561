/* Divides the names of a shard's members into key and ending: "KEY.jpg". */
#ifndef MOCO_DATASET_SHARD_KEY_INTERNAL_H
#define MOCO_DATASET_SHARD_KEY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Returns how many bytes of a member's name are its key; 0 for a name without a key, like those of hidden files. */
size_t moco__shard_key_length(const char *name);
bool moco__shard_name_is_hidden(const char *name);
/* Orders two names by their keys. */
int moco__shard_compare_keys(const char *a, const char *b);

#endif
