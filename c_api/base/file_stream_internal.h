/* Appends to a file through a buffer. Unlike the streams of stdio, it survives signals. */
#ifndef MOCO_BASE_FILE_STREAM_INTERNAL_H
#define MOCO_BASE_FILE_STREAM_INTERNAL_H

#include "moco/error.h"

enum { MOCO__STREAM_BUFFER = 32768 };

typedef struct moco__stream {
    int descriptor; /* -1: not open */
    size_t used;    /* bytes in the buffer */
    uint64_t size;  /* bytes put, and those that were there before */
    unsigned char buffer[MOCO__STREAM_BUFFER];
} moco__stream;

/* All return an errno or 0. */

/* Opens a file for writing; `flags` are further ones of open(). */
int moco__stream_open(moco__stream *stream, const char *path, int flags);
int moco__stream_put(moco__stream *stream, const void *bytes, size_t count);
/* Hands what is buffered to the system. After a failure it is dropped. */
int moco__stream_flush(moco__stream *stream);
/* Flushes, and waits until the disk has it. */
int moco__stream_sync(moco__stream *stream);
/* Closes the file without flushing; does nothing if it is not open. */
int moco__stream_close(moco__stream *stream);

#endif
