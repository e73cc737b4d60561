/*
 * Reads sparse files of GNU tar, which leaves out blocks of zeros: in its old format (type S), and in the versions 0.0,
 * 0.1 and 1.0 of its pax format.
 */
#ifndef MOCO_FORMATS_TAR_SPARSE_INTERNAL_H
#define MOCO_FORMATS_TAR_SPARSE_INTERNAL_H

#include "formats/tar_field_internal.h"

/* Where the parts of a file are. */
typedef struct moco__sparse {
    moco__bytes numbers; /* uint64_t: offset and size of each part in the file; the parts are stored end to end */
    uint64_t size;       /* of the file with its holes */
    bool is_sparse;
    bool map_in_content; /* version 1.0 */
} moco__sparse;

/* Starts with a new member. */
void moco__sparse_clear(moco__sparse *sparse);
void moco__sparse_free(moco__sparse *sparse);

/* Takes a pax record "KEY=VALUE" without its "GNU.sparse.". */
moco_status moco__sparse_take(moco__sparse *sparse, const moco__source *source, uint64_t at, const uint8_t *record,
                              size_t size);
/* Takes an old header, and the blocks that continue it; *data, where they begin, becomes where the content begins. */
moco_status moco__sparse_take_old(moco__sparse *sparse, moco__source *source, const uint8_t *header, uint64_t *data);
/* Checks the map, which version 1.0 has at the start of the content. *data becomes where the first part is stored, and
 * *size, the stored bytes, that of the file. */
moco_status moco__sparse_finish(moco__sparse *sparse, moco__source *source, uint64_t at, uint64_t *data,
                                uint64_t *size);
/* Reads the file with its holes. @param data of the first part */
moco_status moco__sparse_content(const moco__sparse *sparse, moco__source *source, uint64_t data, moco__bytes *out);

#endif
