/* Makes the bytes of the samples that are packed, and checks them, on several threads. */
#ifndef MOCO_DATASET_PACK_SAMPLE_INTERNAL_H
#define MOCO_DATASET_PACK_SAMPLE_INTERNAL_H

#include "dataset/dataset_internal.h"

#include "moco/shards.h"

/* Bytes of an error message, and of a key. */
enum { MOCO__PACK_MESSAGE = 1024, MOCO__PACK_KEY = 96 };

/* What is packed, and how. */
typedef struct moco__pack {
    const moco_dataset *dataset;
    moco_pack_options options;
    const char *out;
    uint64_t source; /* hash of names and classes */
    size_t worker_count;
} moco__pack;

/* A sample that is being made or verified. */
typedef struct moco__pack_item {
    size_t index;
    moco__bytes bytes;
    const char *extension; /* static */
    uint64_t hash;         /* verifying: of the bytes that were written */
    bool has_hash;         /* false: the sample is made again for comparison */
    moco_status status;
    char message[MOCO__PACK_MESSAGE];
} moco__pack_item;

typedef moco_status (*moco__pack_fn)(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);

/* Reads the image's file, and resizes it if the options say so. */
moco_status moco__pack_make(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);
/* Compares item->bytes, read back from the shard, with what was written. */
moco_status moco__pack_check(const moco__pack *pack, moco__pack_item *item, moco_image *images[2]);
/* Calls a function for each item, on the worker threads. Each item gets its status and message. */
void moco__pack_each(const moco__pack *pack, moco__pack_item *items, size_t count, moco__pack_fn function);
/* Writes the key of a sample: "IIIIIIII-NAME". */
void moco__pack_key(char key[MOCO__PACK_KEY], const moco__pack *pack, size_t index);

#endif
