/* Compares places in the tree of folders. */
#ifndef MOCO_BASE_FILES_PLACE_INTERNAL_H
#define MOCO_BASE_FILES_PLACE_INTERNAL_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns whether a folder is a path or contains it, by whatever links; the path need not exist yet. */
bool moco__files_contain(const char *folder, const char *path);

#ifdef __cplusplus
}
#endif

#endif
