/* Files and folders: whole or not at all, and with messages that say what to do. */
#ifndef MOCO_BASE_FILES_INTERNAL_H
#define MOCO_BASE_FILES_INTERNAL_H

#include "moco/error.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file being written under a temporary name beside its own. */
typedef struct moco__file {
    FILE *stream;
    char path[MOCO_PATH_MAX];
    char temporary[MOCO_PATH_MAX];
} moco__file;

/* Opens the temporary file. After this, one of commit and abort must be called. */
moco_status moco__file_begin(moco__file *file, const char *path);
/* Appends bytes. */
moco_status moco__file_put(moco__file *file, const void *bytes, size_t count);
/* fsync, rename, fsync of the folder. On failure the temporary file is gone and what stood at the path is unharmed. */
moco_status moco__file_commit(moco__file *file);
/* Removes the temporary file; harmless after a commit. */
void moco__file_abort(moco__file *file);

/* fsync of the folder of a path, so that a new name survives a crash; an errno or 0. */
int moco__files_sync_folder(const char *path);

/* All three for bytes in memory. */
moco_status moco__file_write(const char *path, const void *bytes, size_t count);

/*
 * Reads bytes at an offset of an open file, all of them unless the file ends. Returns 0, or the errno of the failure;
 * *got is the number read before it.
 */
int moco__read_at(size_t *got, void *out, int descriptor, size_t count, uint64_t offset);

/* Reads a whole file; *bytes is the caller's to free, with a NUL after its end. */
moco_status moco__file_read(char **bytes, size_t *count, const char *path);

/* Maps a regular file that is not empty into memory, to be read; *bytes is freed by munmap(). */
moco_status moco__file_map(unsigned char **bytes, size_t *count, const char *path);

/* Part of every temporary name, by which left-overs are known. */
extern const char *const moco__temporary_mark;

/* "folder/name"; an error where it does not fit. */
moco_status moco__files_join(char *out, size_t size, const char *folder, const char *name);
/* The same in new memory; NULL with the message set where memory is out. */
char *moco__files_join_new(const char *folder, const char *name);
/* Makes a folder and its parents. */
moco_status moco__mkdirs(const char *path);
bool moco__files_exist(const char *path);
/* Whether folder/name is there. */
bool moco__files_exist_in(const char *folder, const char *name);
bool moco__is_directory(const char *path);
/* Whether a folder can be read and holds nothing. */
bool moco__directory_is_empty(const char *path);

#ifdef __cplusplus
}
#endif

#endif
