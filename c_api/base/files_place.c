/* Compares places in the tree of folders. */
#include "base/files_place_internal.h"

#include "base/files_internal.h"

#include <stdlib.h>
#include <string.h>

/* Gives the real path of what exists of a path, and the rest as it is. NULL if memory is out. */
static char *resolve(const char *path)
{
    char *known = realpath(path, NULL);
    const char *slash = strrchr(path, '/');
    if (known != NULL || path[0] == '\0' || strcmp(path, "/") == 0) {
        return known;
    }
    if (slash == NULL) {
        char *here = realpath(".", NULL);
        char *joined = here != NULL ? moco__files_join_new(here, path) : NULL;
        free(here);
        return joined;
    }
    char *above = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    char *parent = above != NULL ? resolve(above) : NULL;
    char *joined = parent != NULL ? moco__files_join_new(parent, slash + 1) : NULL;
    free(parent);
    free(above);
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
