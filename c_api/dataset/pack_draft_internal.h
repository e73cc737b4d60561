/*
 * Writes a draft: a shard that is being packed, in the file "SHARD.part".
 *
 * A shard begins with a member "__moco__", lines of text that say what was packed and how. By them a call recognises
 * what an earlier call has left:
 *
 *     moco-pack 1
 *     source 16 hexadecimal digits        FNV-1a of the names and classes of the dataset
 *     samples N                           of the dataset
 *     first I                             index of the first image that may be in this shard
 *     short-side S
 *     quality Q                           0 if short-side is 0
 *     shard-bytes B
 *
 * The members of sample I are called "IIIIIIII-NAME.cls" and "IIIIIIII-NAME.jpg"; NAME is that of its file, without
 * dots.
 */
#ifndef MOCO_DATASET_PACK_DRAFT_INTERNAL_H
#define MOCO_DATASET_PACK_DRAFT_INTERNAL_H

#include "base/files_internal.h"
#include "dataset/pack_sample_internal.h"

enum { MOCO__PACK_CHUNK = 64 /* samples that are made at once */ };

typedef struct moco__draft {
    const moco__pack *pack;
    const char *path; /* of the finished shard */
    char name[MOCO_PATH_MAX];
    moco__stream stream;
    size_t first;           /* index of the first image that may be in it */
    size_t next;            /* index of the next image to append */
    size_t count;           /* samples in it */
    uint64_t size;          /* bytes up to the end of the last complete sample */
    moco__bytes hashes;     /* a uint64_t for each sample that this call has written, the last ones of the shard */
    moco__pack_item *items; /* MOCO__PACK_CHUNK of them */
} moco__draft;

/* Opens the draft, and continues after its last complete sample. */
moco_status moco__draft_start(moco__draft *draft);
/* Reads a finished shard; refuses one of other data or options. @param[out] next index after its last image */
moco_status moco__draft_take_finished(const moco__draft *draft, size_t *next);

/* Reads the index that the name of a member begins with. */
bool moco__draft_index(size_t *index, const char *name);
/* Reports progress; fails with ::MOCO_ESTOPPED if the callback stops the work. */
moco_status moco__draft_report(moco__draft *draft, const char *action, size_t done, size_t total);

#endif
