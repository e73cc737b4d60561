/* Writes members of a tar archive. */
#include "formats/tar_write_internal.h"

#include "base/files_internal.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512 };

static moco_status put(moco__stream *stream, const char *path, const void *bytes, size_t size)
{
    const int error = moco__stream_put(stream, bytes, size);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", path, error);
}

/* Owner and time stay zero: they mean nothing for a dataset, and the same content must give the same bytes. */
static void make_header(uint8_t header[BLOCK], const char *name, size_t size)
{
    char *fields = (char *)header;
    memset(header, 0, BLOCK);
    memcpy(fields, name, strnlen(name, MOCO__TAR_NAME_MAX));
    (void)snprintf(fields + 100, 8, "%07o", 0644U);
    (void)snprintf(fields + 108, 8, "%07o", 0U);
    (void)snprintf(fields + 116, 8, "%07o", 0U);
    (void)snprintf(fields + 124, 12, "%011llo", (unsigned long long)size);
    (void)snprintf(fields + 136, 12, "%011o", 0U);
    memset(fields + 148, ' ', 8);
    fields[156] = '0';
    memcpy(fields + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; ++i) {
        sum += header[i];
    }
    (void)snprintf(fields + 148, 7, "%06o", sum);
}

moco_status moco__tar_put(moco__stream *stream, const char *path, const char *name, const void *bytes, size_t size)
{
    static const uint8_t zeros[BLOCK];
    uint8_t header[BLOCK];
    make_header(header, name, size);
    MOCO_TRY(put(stream, path, header, sizeof header));
    MOCO_TRY(put(stream, path, bytes, size));
    return put(stream, path, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

moco_status moco__tar_put_end(moco__stream *stream, const char *path)
{
    static const uint8_t zeros[2 * BLOCK];
    return put(stream, path, zeros, sizeof zeros);
}
