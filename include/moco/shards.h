/**
 * @file shards.h
 * Tar shards, the files that large data sets live in: their index, and packing a data set into them.
 *
 * A sample is two members, "KEY.cls" (its class as a decimal number, where there are classes) and "KEY.jpg" (or another
 * ending of an image), as WebDataset has them. "__classes__" holds the classes' names, one a line; WebDataset passes
 * over names of this kind. moco_dataset_open() opens shards.
 */
#ifndef MOCO_SHARDS_H
#define MOCO_SHARDS_H

#include "dataset.h"

MOCO_BEGIN_DECLS

/** How far packing or indexing has come. @since 0.1 */
typedef struct moco_shards_progress {
    const char *path;   /**< the shard at work; borrowed for the call */
    const char *action; /**< "packing", "verifying" or "indexing"; static */
    size_t done, total; /**< packing: images of all; verifying: images of the shard; indexing: shards */
    uint64_t bytes;     /**< of the shard so far; indexing: samples in it */
} moco_shards_progress;

/** Called now and then; a non-zero return ends the work cleanly. @since 0.1 */
typedef int (*moco_shards_fn)(const moco_shards_progress *progress, void *payload);

/**
 * Writes an index beside each shard of a path, "SHARD.idx", which saves going through the shard when it is opened, and
 * unpacking all of it where it is compressed. An index that is there is replaced; one that does not fit its shard any
 * more is refused by moco_dataset_open(). c_api/shard_index.c tells the format byte by byte.
 * @param path as for moco_dataset_open()
 * @param progress NULL is allowed
 * @return ::MOCO_ESTOPPED after a non-zero return of @p progress
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_shards_index(const char *path, moco_shards_fn progress, void *payload);

/** Options of moco_shards_pack(). @since 0.1 */
typedef struct moco_pack_options {
    size_t struct_size;
    int32_t short_side;   /**< images larger than this are resized to it and stored as JPEG; 0: files as they are */
    int32_t quality;      /**< of those JPEGs, 1 to 100; 90 */
    uint64_t shard_bytes; /**< begin a new shard at this size; 0: one file */
    int32_t workers;      /**< threads; 0: one a core */
    bool verify;          /**< read each shard back before it gets its name; true */
    bool skip_broken;     /**< leave out what cannot be read, or resized, and log it; false: fail */
    moco_shards_fn progress;
    void *payload;
} moco_pack_options;

#define MOCO_PACK_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(moco_pack_options), 0, 90, 0, 0, true, false, NULL, NULL                                                \
    }

/**
 * Packs a data set into shards, in its order and with its labels and names of classes, each with its index.
 *
 * A shard is written as "SHARD.part" and gets its name once it is whole, on the disk and verified: each image is read
 * back and compared with what was written, and decoded where it was resized. What a call that was broken off has left
 * is gone on from. The same data and options give the same bytes.
 * @param dataset its images must be files: a folder, or shards
 * @param out "F.tar"; with shard_bytes the shards are "F-000000.tar", "F-000001.tar", ...
 * @return ::MOCO_EEXISTS where something else is at the path, or a part of another data set or of other options;
 *         ::MOCO_ESTOPPED after a non-zero return of progress; ::MOCO_EINVALID where images are no files
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_shards_pack(const moco_dataset *dataset, const char *out,
                                                    const moco_pack_options *options);

MOCO_END_DECLS

#endif
