/**
 * @file shards.h
 * Packs datasets into tar shards, and writes the index of shards.
 *
 * Names are WebDataset's. A sample has two members, "KEY.cls" (its class as a decimal number, if there are classes) and
 * "KEY.jpg" (or another ending of an image); KEY has no dot. "__classes__" holds the names of the classes, one per
 * line; WebDataset ignores such names. moco_dataset_open() opens shards: V7, ustar, pax and GNU tar, without sparse
 * files.
 */
#ifndef MOCO_SHARDS_H
#define MOCO_SHARDS_H

#include "dataset.h"

MOCO_BEGIN_DECLS

/** Progress of packing or indexing. @since 0.1 */
typedef struct moco_shards_progress {
    const char *path;   /**< the current shard; borrowed for the call */
    const char *action; /**< "packing", "verifying" or "indexing"; static */
    size_t done, total; /**< packing: images of all; verifying: images of the shard; indexing: shards */
    uint64_t bytes;     /**< of the shard so far; indexing: samples in it */
} moco_shards_progress;

/** Reports progress; a non-zero return ends the work cleanly. @since 0.1 */
typedef int (*moco_shards_fn)(const moco_shards_progress *progress, void *payload);

/**
 * Writes an index beside each shard of a path, "SHARD.idx", which saves reading the shard, or unpacking it, when it is
 * opened. An existing index is replaced. moco_dataset_open() refuses an index that no longer fits its shard. The format
 * is described in c_api/dataset/shard_index.c.
 * @param path as for moco_dataset_open()
 * @param progress NULL is allowed
 * @param payload for @p progress
 * @return ::MOCO_ESTOPPED after a non-zero return of @p progress; ::MOCO_ENOTFOUND, ::MOCO_EIO or ::MOCO_EFORMAT if
 * shards cannot be read, or ::MOCO_EIO if an index cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_shards_index(const char *path, moco_shards_fn progress, void *payload);

/** Options of moco_shards_pack(). @since 0.1 */
typedef struct moco_pack_options {
    size_t struct_size;      /**< set by the macro or function below */
    int32_t short_side;      /**< larger images are resized to this and stored as JPEG; 0: keep the files */
    int32_t quality;         /**< quality of these JPEG files, 1 to 100; 90 */
    uint64_t shard_bytes;    /**< start a new shard at this size; 0: one file */
    int32_t workers;         /**< threads; 0: one per core */
    bool verify;             /**< read each shard back before it gets its name; true */
    bool skip_broken;        /**< leave out missing and damaged images, and log them; false: fail */
    moco_shards_fn progress; /**< may be NULL */
    void *payload;           /**< for progress */
} moco_pack_options;

/** The defaults of ::moco_pack_options. */
#define MOCO_PACK_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        sizeof(moco_pack_options), 0, 90, 0, 0, true, false, NULL, NULL                                                \
    }

/**
 * Fills in what ::MOCO_PACK_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_pack_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_pack_options_init(moco_pack_options *options, size_t struct_size);

/**
 * Packs a dataset into shards, in its order, with its labels and names of classes, each with its index.
 *
 * A shard is written as "SHARD.part", and gets its name when it is complete, on the disk and verified: each image is
 * read back and compared with what was written, and decoded if it was resized. A call continues what an interrupted
 * call has left. The same data and options give the same bytes.
 * @param dataset its images must be stored as files: a folder, or shards
 * @param out "F.tar"; with shard_bytes the shards are "F-000000.tar", "F-000001.tar", ...
 * @param options NULL for the defaults
 * @return ::MOCO_EEXISTS if the path holds something else, or a shard of other data or options; ::MOCO_ESTOPPED after a
 * non-zero return of progress; ::MOCO_EINVALID if the images are not stored as files; ::MOCO_EFORMAT, ::MOCO_ENOTFOUND
 * or ::MOCO_EIO for an image that cannot be read, unless skip_broken; ::MOCO_EIO if a shard cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_shards_pack(const moco_dataset *dataset, const char *out,
                                                    const moco_pack_options *options);

MOCO_END_DECLS

#endif
