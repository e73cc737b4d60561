/*
 * ZIP archives as torch.save writes them: records that are stored, not compressed, so that they are read where they lie
 * in the mapped file and nothing can unfold to more than the file holds. Zip64 is read too.
 */
#ifndef MOCO_FORMATS_ZIP_READ_INTERNAL_H
#define MOCO_FORMATS_ZIP_READ_INTERNAL_H

#include "moco/error.h"

typedef struct moco__zip moco__zip;

typedef struct moco__zip_record {
    const char *name;
    const uint8_t *data;
    size_t size;
    uint32_t crc; /* 0: none was written */
} moco__zip_record;

/* Reads the directory of an archive in memory, which outlives the result. @param path for messages; borrowed */
moco_status moco__zip_open(moco__zip **out, const char *path, const uint8_t *bytes, size_t size);
void moco__zip_free(moco__zip *zip);

/* The index-th record in the order of names; NULL beyond the last. */
const moco__zip_record *moco__zip_get(const moco__zip *zip, size_t index);
/* The record of a name; NULL where there is none. */
const moco__zip_record *moco__zip_find(const moco__zip *zip, const char *name);
/* Refuses a record that has changed since its checksum was written. */
moco_status moco__zip_check(const moco__zip *zip, const moco__zip_record *record);

#endif
