/* Says what a file of another kind than expected is, by its first bytes. */
#ifndef MOCO_BASE_FILE_NATURE_INTERNAL_H
#define MOCO_BASE_FILE_NATURE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MOCO__NATURE_BYTES = 512 }; /* that tell the kind of a file */

/* Returns what the file is, and what to do with it, as "a git-lfs pointer, ...; ..."; NULL if that is not known. */
const char *moco__file_nature(const void *bytes, size_t size);

/* Does the same for the file of a path; NULL also if it cannot be read. */
const char *moco__path_nature(const char *path);

#ifdef __cplusplus
}
#endif

#endif
