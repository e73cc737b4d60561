/*
 * Defines a shard: one tar file of a dataset, and where its samples are.
 *
 * Names are WebDataset's. A member "dir/key.jpg" is an image, "dir/key.cls" its class as a decimal number. The key ends
 * at the first dot after the last slash. The members of one sample are next to each other. A member "__classes__" holds
 * the names of all classes, one per line, in the order of their numbers. Other members are ignored.
 */
#ifndef MOCO_DATASET_SHARD_INTERNAL_H
#define MOCO_DATASET_SHARD_INTERNAL_H

#include "base/bytes_internal.h"
#include "dataset/left_out_internal.h"

/* The name of a member of moco_shards_pack() with its settings. */
#define MOCO__SHARD_SETTINGS "__moco__"

/* 24 bytes, as in the index file. */
typedef struct moco__shard_sample {
    uint64_t offset;    /* of the image's first byte, in the unpacked archive */
    uint64_t name;      /* where the member's name starts in the texts */
    uint32_t size : 31; /* bytes of the image */
    bool sparse : 1;    /* the image has holes, and the offset is that of its header */
    int32_t label;      /* -1: none */
} moco__shard_sample;

typedef struct moco__shard {
    char *path;
    bool plain;      /* not compressed */
    bool is_command; /* path is "pipe:COMMAND", which is trusted */
    moco__shard_sample *samples;
    size_t count;
    size_t class_count;      /* names of classes; 0: none */
    size_t class_limit;      /* above the largest class of a sample; 0: the samples have none */
    moco__left_out left_out; /* members that belong to no sample */
    moco__bytes texts;       /* NUL-terminated: the names of classes, then those of members */
    unsigned char *map;      /* the index file that samples and texts are in; NULL: memory of their own */
    size_t map_size;
} moco__shard;

/* Bytes of an image in a shard, and classes without names, at most. */
enum { MOCO__IMAGE_BYTES_MAX = 1 << 30, MOCO__CLASSES_MAX = 1 << 24 };

/* Makes an empty shard, which moco__shard_free() frees. */
moco_status moco__shard_create(moco__shard *shard, const char *path);
void moco__shard_free(moco__shard *shard);

/* Refuses the list of endless samples in a small archive that is compressed, which would take all memory.
 * @param file bytes of the archive on the disk */
moco_status moco__shard_check_list(const moco__shard *shard, uint64_t file);

/* Returns the name of a sample's image member. */
const char *moco__shard_name(const moco__shard *shard, size_t position);

#endif
