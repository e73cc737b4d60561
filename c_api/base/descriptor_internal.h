/*
 * Calls of the system on files, which go on after a signal (EINTR) and after a short count. They return an errno or 0.
 */
#ifndef MOCO_BASE_DESCRIPTOR_INTERNAL_H
#define MOCO_BASE_DESCRIPTOR_INTERNAL_H

#include "moco/error.h"

#include <dirent.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As open(), with O_CLOEXEC and mode 0666. Returns -1 with errno set on failure. */
int moco__open(const char *path, int flags);
int moco__close(int descriptor);
int moco__sync(int descriptor);
int moco__truncate(int descriptor, uint64_t size);
int moco__rename(const char *from, const char *to);
/* As flock(). */
int moco__flock(int descriptor, int operation);
/* Writes all bytes where the descriptor is. */
int moco__write_all(int descriptor, const void *bytes, size_t count);
/*
 * Reads bytes at an offset of an open file, all of them unless the file ends. *got is the number read, before a failure
 * too.
 */
int moco__read_at(size_t *got, void *out, int descriptor, size_t count, uint64_t offset);

/* As opendir(). Returns NULL with errno set on failure. */
DIR *moco__folder_open(const char *path);
/* As scandir(), in the order of names. Returns -1 with errno set on failure. */
int moco__folder_scan(const char *path, struct dirent ***out, int (*is_taken)(const struct dirent *));
/* The next entry. NULL at the end with errno 0, and on failure with errno set. */
const struct dirent *moco__folder_next(DIR *folder);

#ifdef __cplusplus
}
#endif

#endif
