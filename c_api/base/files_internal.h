/* Reads and writes files and folders. A file is written completely or not at all. */
#ifndef MOCO_BASE_FILES_INTERNAL_H
#define MOCO_BASE_FILES_INTERNAL_H

#include "base/file_stream_internal.h"

#include "moco/error.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file that is being written under a temporary name in its folder. */
typedef struct moco__file {
    moco__stream stream;
    char path[MOCO_PATH_MAX];
    char temporary[MOCO_PATH_MAX];
} moco__file;

/* Opens the temporary file. Then commit or abort must be called. */
moco_status moco__file_begin(moco__file *file, const char *path);
/* Appends bytes. */
moco_status moco__file_put(moco__file *file, const void *bytes, size_t count);
/* Syncs the file, renames it and syncs the folder. A failure removes the temporary file and leaves the old one. */
moco_status moco__file_commit(moco__file *file);
/* Removes the temporary file; does nothing after a commit. */
void moco__file_abort(moco__file *file);

/* Syncs the folder of a path, so that a new name survives a crash. Returns an errno or 0. */
int moco__files_sync_folder(const char *path);

/* Begins, puts and commits bytes in memory. */
moco_status moco__file_write(const char *path, const void *bytes, size_t count);

/* Reads a complete file. The caller frees *bytes, which ends with an additional NUL. */
moco_status moco__file_read(char **bytes, size_t *count, const char *path);

/* Maps a regular, non-empty file into memory for reading. The caller frees *bytes by munmap(). */
moco_status moco__file_map(unsigned char **bytes, size_t *count, const char *path);

/* A part of every temporary name, to recognise files that a crash left behind. */
extern const char *const moco__temporary_mark;

/* Returns what a user can do about an errno, as "; check the permissions"; "" if that is not known. */
const char *moco__files_advice(int error);

/* Sets the error of what an errno keeps from being done to a path, as "run/train.log: cannot write: No space left on
   device; free some space and try again". Returns MOCO_ENOTFOUND for ENOENT and ENOTDIR, else MOCO_EIO. */
moco_status moco__files_cannot(const char *what, const char *path, int error);

/* Joins to "folder/name"; fails if that does not fit. */
moco_status moco__files_join(char *out, size_t size, const char *folder, const char *name);
/* Returns the same in new memory; NULL with the message set if memory is out. */
char *moco__files_join_new(const char *folder, const char *name);
/* Creates a folder and its parents. */
moco_status moco__mkdirs(const char *path);
/* Whether a path exists, or cannot be looked at: then opening it says why. */
bool moco__files_exist(const char *path);
/* Whether folder/name exists. */
bool moco__files_exist_in(const char *folder, const char *name);
bool moco__is_directory(const char *path);

#ifdef __cplusplus
}
#endif

#endif
