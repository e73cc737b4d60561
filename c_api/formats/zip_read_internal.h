/*
 * Reads ZIP archives as torch.save writes them. Their records are not compressed, so that they are read in place in the
 * mapped file. Archives that were packed again may be compressed by deflate, to a limit; zip64 is read, too.
 */
#ifndef MOCO_FORMATS_ZIP_READ_INTERNAL_H
#define MOCO_FORMATS_ZIP_READ_INTERNAL_H

#include "moco/error.h"

typedef struct moco__zip moco__zip;

typedef struct moco__zip_record {
    const char *name;
    const uint8_t *data;
    size_t size;
    uint32_t crc; /* 0: not written */
} moco__zip_record;

/* Reads the directory of an archive in memory, which outlives the result. @param path for messages; borrowed */
moco_status moco__zip_open(moco__zip **out, const char *path, const uint8_t *bytes, size_t size);
void moco__zip_free(moco__zip *zip);

/* Returns the index-th record in the order of names; NULL beyond the last. */
const moco__zip_record *moco__zip_get(const moco__zip *zip, size_t index);
/* Returns the record of a name, or NULL. */
const moco__zip_record *moco__zip_find(const moco__zip *zip, const char *name);
/* Refuses a record that has changed since its checksum was written. */
moco_status moco__zip_check(const moco__zip *zip, const moco__zip_record *record);

#endif
