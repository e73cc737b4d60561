/*
 * Inside of packing. pack.c goes from shard to shard, pack_shard.c writes, goes on with and verifies one, pack_sample.c
 * makes the bytes of samples on several threads.
 *
 * A shard begins with a member "__moco__", lines of text that tell from what and how it was packed; by it a call that
 * goes on knows its own work:
 *
 *     moco-pack 1
 *     source 16 hexadecimal digits        FNV-1a of the names and classes of the whole data set
 *     samples N                           of the whole data set
 *     first I                             index of the first image that may be in this shard
 *     short-side S
 *     quality Q                           0 where short-side is
 *     shard-bytes B
 *
 * Members of sample I are named "IIIIIIII-NAME.cls" and "IIIIIIII-NAME.jpg", NAME being its file's, without dots.
 */
#ifndef MOCO_DATASET_PACK_INTERNAL_H
#define MOCO_DATASET_PACK_INTERNAL_H

#include "dataset/dataset_internal.h"

#include "moco/shards.h"

enum { MOCO__PACK_MESSAGE = 1024, MOCO__PACK_KEY = 96, MOCO__PACK_EXTENSION = 8 };

typedef struct moco__pack {
    const moco_dataset *dataset;
    moco_pack_options options;
    const char *out;
    uint64_t source; /* hash of names and classes */
    size_t worker_count;
} moco__pack;

/* A sample in the making, or in verifying. */
typedef struct moco__pack_item {
    size_t index;
    moco__bytes bytes;
    const char *extension; /* static */
    /* Verifying: what was read back is in `bytes`; it must have this hash, or be what the sample makes anew. */
    uint64_t hash;
    bool has_hash;
    moco_status status;
    char message[MOCO__PACK_MESSAGE];
} moco__pack_item;

typedef moco_status (*moco__pack_fn)(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);

/* pack_sample.c */

/* The image's file: as it is, or resized. */
moco_status moco__pack_make(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);
/* Checks what was read back. */
moco_status moco__pack_check(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);
/* Calls a function for each item, on the workers; each item gets its own status. */
moco_status moco__pack_each(const moco__pack *pack, moco__pack_item *items, size_t count, moco__pack_fn function);
/* The key of a sample. */
void moco__pack_key(char key[MOCO__PACK_KEY], const moco__pack *pack, size_t index);

/* pack_shard.c */

/* Writes the shard of a path, or finds it written. @param next index of its first image, becomes that after its last */
moco_status moco__pack_shard(const moco__pack *pack, const char *path, size_t *next);

#endif
