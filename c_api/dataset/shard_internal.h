/*
 * One tar file of a data set, and where its samples are.
 *
 * WebDataset's naming: a member "dir/key.jpg" is an image, "dir/key.cls" its class as a decimal number. The key is the
 * name up to the first dot behind the last slash; members of one sample stand one after the other. A member
 * "__classes__" holds the names of all classes, one a line, by their number. Other members are passed over.
 */
#ifndef MOCO_DATASET_SHARD_INTERNAL_H
#define MOCO_DATASET_SHARD_INTERNAL_H

#include "formats/tar_source_internal.h"

/* 24 bytes, as in the index file. */
typedef struct moco__shard_sample {
    uint64_t offset; /* of the image's first byte, in the unpacked archive */
    uint64_t name;   /* where the member's name starts in the texts */
    uint32_t size;
    int32_t label; /* -1: none */
} moco__shard_sample;

typedef struct moco__shard {
    char *path;
    bool plain; /* not compressed */
    moco__shard_sample *samples;
    size_t count;
    size_t class_count; /* names of classes; 0: none */
    moco__bytes texts;  /* NUL-terminated: the names of classes, then those of members */
} moco__shard;

enum { MOCO__IMAGE_BYTES_MAX = 1 << 30 };

/* Whether a member's or file's name ends as an image's does. */
bool moco__is_image_name(const char *name);

/* Finds the samples: in the index beside the file where there is one, else by going through the archive. */
moco_status moco__shard_open(moco__shard *shard, const char *path);
/* Goes through the archive, whether there is an index or not. */
moco_status moco__shard_scan(moco__shard *shard, const char *path);
void moco__shard_free(moco__shard *shard);

const char *moco__shard_name(const moco__shard *shard, size_t position);

/* shard_index.c: the index file. */

/* "SHARD.idx" in new memory. */
char *moco__shard_index_path(const char *path);
moco_status moco__shard_write_index(const moco__shard *shard);
/* Reads the index of shard->path; refused where the archive is another than the one that was indexed. */
moco_status moco__shard_read_index(moco__shard *shard, const char *index_path);

#endif
