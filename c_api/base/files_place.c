/* Compares places in the tree of folders. */
#include "base/files_place_internal.h"

#include "base/files_internal.h"

#include <stdlib.h>
#include <string.h>

/* Gives the real path of what exists of a path, and the rest as it is. NULL if memory is out. */
static char *resolve(const char *path)
{
    char *start = strdup(path);
    char *known = start != NULL ? realpath(start, NULL) : NULL;
    size_t end = strlen(path);
    const char *rest = path + end;
    while (start != NULL && known == NULL && end > 0) {
        for (; end > 0 && path[end - 1] == '/'; --end) {
        }
        for (; end > 0 && path[end - 1] != '/'; --end) {
        }
        rest = path + end;
        start[end] = '\0';
        known = realpath(end > 0 ? start : ".", NULL);
    }
    free(start);
    char *joined = known != NULL && rest[0] != '\0' ? moco__files_join_new(known, rest) : NULL;
    if (rest[0] == '\0') {
        return known;
    }
    free(known);
    return joined;
}

bool moco__files_contain(const char *folder, const char *path)
{
    char *outer = moco__is_directory(folder) ? realpath(folder, NULL) : NULL;
    char *inner = outer != NULL ? resolve(path) : NULL;
    bool contains = false;
    if (inner != NULL) {
        const size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
        contains = strncmp(inner, outer, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
    }
    free(inner);
    free(outer);
    return contains;
}
