/* Writes ZIP archives of uncompressed records whose data begin at multiples of 64 bytes, as torch.save does. Zip64
 * beyond 4 GiB. */
#ifndef MOCO_FORMATS_ZIP_WRITE_INTERNAL_H
#define MOCO_FORMATS_ZIP_WRITE_INTERNAL_H

#include "base/bytes_internal.h"
#include "base/files_internal.h"

typedef struct moco__zip_writer {
    moco__file file;
    moco__bytes directory;
    uint64_t at, count;
    uint64_t wide_from; /* larger offsets take 64 bits: UINT32_MAX, less in a test */
} moco__zip_writer;

/* After this, one of commit and abort must be called. */
moco_status moco__zip_begin(moco__zip_writer *zip, const char *path);
moco_status moco__zip_put(moco__zip_writer *zip, const char *name, const void *data, size_t size);
moco_status moco__zip_commit(moco__zip_writer *zip);
void moco__zip_abort(moco__zip_writer *zip);

#endif
