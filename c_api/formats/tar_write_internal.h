/* Writes members of a ustar archive; the same content gives the same bytes. */
#ifndef MOCO_FORMATS_TAR_WRITE_INTERNAL_H
#define MOCO_FORMATS_TAR_WRITE_INTERNAL_H

#include "base/file_stream_internal.h"

enum { MOCO__TAR_NAME_MAX = 100 };

/* Appends a regular file. @param path of the archive, for messages @param name at most MOCO__TAR_NAME_MAX bytes */
moco_status moco__tar_put(moco__stream *stream, const char *path, const char *name, const void *bytes, size_t size);
/* Appends the two blocks of zeros that end an archive. */
moco_status moco__tar_put_end(moco__stream *stream, const char *path);

#endif
