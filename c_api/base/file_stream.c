/* Appends to a file through a buffer. */
#include "base/file_stream_internal.h"

#include "base/descriptor_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int moco__stream_open(moco__stream *stream, const char *path, int flags)
{
    stream->used = 0;
    stream->size = 0;
    stream->descriptor = moco__open(path, O_CREAT | ((flags & O_RDWR) != 0 ? 0 : O_WRONLY) | flags);
    return stream->descriptor >= 0 ? 0 : errno;
}

int moco__stream_put(moco__stream *stream, const void *bytes, size_t count)
{
    stream->size += count;
    if (count > sizeof stream->buffer - stream->used) {
        const int error = moco__stream_flush(stream);
        if (error != 0 || count > sizeof stream->buffer) {
            return error != 0 ? error : moco__write_all(stream->descriptor, bytes, count);
        }
    }
    if (count > 0) {
        memcpy(stream->buffer + stream->used, bytes, count);
        stream->used += count;
    }
    return 0;
}

int moco__stream_flush(moco__stream *stream)
{
    const size_t count = stream->used;
    stream->used = 0;
    return moco__write_all(stream->descriptor, stream->buffer, count);
}

int moco__stream_sync(moco__stream *stream)
{
    const int error = moco__stream_flush(stream);
    return error != 0 ? error : moco__sync(stream->descriptor);
}

int moco__stream_close(moco__stream *stream)
{
    const int error = stream->descriptor >= 0 ? moco__close(stream->descriptor) : 0;
    stream->descriptor = -1;
    return error;
}
