/*
 * Reads a tar archive's members in sequence: ustar, with names and sizes of pax and GNU tar.
 *
 * Nothing is extracted, so a name is but a text. Errors name file and offset. For compressed files the offsets are
 * those of the unpacked bytes.
 */
#ifndef MOCO_FORMATS_TAR_READ_INTERNAL_H
#define MOCO_FORMATS_TAR_READ_INTERNAL_H

#include "formats/tar_source_internal.h"

enum { MOCO__TAR_BLOCK = 512 };

typedef struct moco__tar {
    moco__source *source; /* borrowed */
    uint64_t next;        /* where the next header stands */
    moco__bytes name;     /* of the present member */
    moco__bytes extra;    /* a pax header's records */
} moco__tar;

typedef struct moco__tar_entry {
    const char *name; /* borrowed until the next call */
    uint64_t header;  /* offset of its first header */
    uint64_t data;    /* offset of its content */
    uint64_t size;
    bool is_file; /* rather than a folder, a link or a device */
} moco__tar_entry;

/* Starts at the beginning of a source. */
void moco__tar_start(moco__tar *tar, moco__source *source);
/* Frees what the reader holds; the source is not closed. */
void moco__tar_end(moco__tar *tar);

/* The next member; *more is false at the end of the archive. */
moco_status moco__tar_next(moco__tar *tar, moco__tar_entry *entry, bool *more);

/* The content of the present member; refused where it is longer than `limit`. */
moco_status moco__tar_content(moco__tar *tar, const moco__tar_entry *entry, moco__bytes *out, uint64_t limit);

/* Whether a source begins with a tar header. Reads from it. */
bool moco__tar_is(moco__source *source);

#endif
