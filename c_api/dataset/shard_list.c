/* Lists the shards that a path means. */
#include "dataset/shard_list_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/image_name_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHARDS_MAX = 1000000, DIGITS_MAX = 9 };

static bool is_shard_name(const char *name)
{
    static const char *const ends[] = { ".tar", ".tar.gz", ".tgz", ".tar.zst" };
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; ++i) {
        const size_t end = strlen(ends[i]);
        if (length > end && name[0] != '.' && strcasecmp(name + length - end, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool moco__shard_list_is_folder(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;
    bool other = false;
    if (folder == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL && !other; entry = readdir(folder)) {
        found = found || is_shard_name(entry->d_name);
        other = entry->d_name[0] != '.' && (entry->d_type == DT_DIR || moco__is_image_name(entry->d_name));
    }
    (void)closedir(folder);
    return found && !other;
}

void moco__shard_list_free(moco__shard_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        free(list->paths[i]);
    }
    free(list->paths);
    *list = (moco__shard_list){ NULL, 0 };
}

/* Adds a path from malloc(), NULL if memory was out. The list has room for a power of two. */
static moco_status add(moco__shard_list *list, char *path)
{
    if (path != NULL && (list->count & (list->count - 1)) == 0) {
        char **larger = realloc(list->paths, (list->count > 0 ? 2 * list->count : 1) * sizeof *larger);
        if (larger == NULL) {
            free(path);
            path = NULL;
        } else {
            list->paths = larger;
        }
    }
    if (path == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for a list of %zu shards", list->count);
    }
    list->paths[list->count++] = path;
    return MOCO_OK;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static moco_status find_in_folder(moco__shard_list *list, const char *path)
{
    DIR *folder = opendir(path);
    moco_status status = MOCO_OK;
    if (folder == NULL) {
        return moco_error_set(MOCO_EIO, "dataset: cannot list the folder %s: %s", path, strerror(errno));
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL && status == MOCO_OK; entry = readdir(folder)) {
        if (is_shard_name(entry->d_name)) {
            status = add(list, moco__files_join_new(path, entry->d_name));
        }
    }
    (void)closedir(folder);
    MOCO_TRY(status);
    if (list->count == 0) {
        return moco_error_set(MOCO_ENOTFOUND, "dataset: no shards in %s: no .tar, .tar.gz, .tgz or .tar.zst", path);
    }
    qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
    return MOCO_OK;
}

/* "{000..146}" in a path. */
typedef struct range {
    size_t at, length; /* bytes */
    int width;         /* digits of the first number; shorter numbers are padded with zeros */
    long first, last;
} range;

static bool find_range(range *out, const char *path)
{
    const char *open = strchr(path, '{');
    if (open == NULL) {
        return false;
    }
    const char *first = open + 1;
    const size_t first_digits = strspn(first, "0123456789");
    if (first_digits < 1 || first_digits > DIGITS_MAX || strncmp(first + first_digits, "..", 2) != 0) {
        return false;
    }
    const char *last = first + first_digits + 2;
    const size_t last_digits = strspn(last, "0123456789");
    if (last_digits < 1 || last_digits > DIGITS_MAX || last[last_digits] != '}') {
        return false;
    }
    *out = (range){ (size_t)(open - path), (size_t)(last + last_digits + 1 - open), (int)first_digits,
                    strtol(first, NULL, 10), strtol(last, NULL, 10) };
    return true;
}

bool moco__shard_list_is_range(const char *path)
{
    range r;
    return find_range(&r, path);
}

static moco_status expand_range(moco__shard_list *list, const char *path, const range *r)
{
    if (r->last < r->first || r->last - r->first >= SHARDS_MAX) {
        return moco_error_set(MOCO_EINVALID, "dataset: the range in %s must ascend and have at most %d shards", path,
                              SHARDS_MAX);
    }
    for (long i = r->first; i <= r->last; ++i) {
        char *expanded = NULL;
        const int length = asprintf(&expanded, "%.*s%0*ld%s", (int)r->at, path, r->width, i, path + r->at + r->length);
        MOCO_TRY(add(list, length >= 0 ? expanded : NULL));
        if (!moco__files_exist(expanded)) {
            return moco_error_set(MOCO_ENOTFOUND, "dataset: the shard %s of %s is missing", expanded, path);
        }
    }
    return MOCO_OK;
}

static moco_status find(moco__shard_list *list, const char *path)
{
    range r;
    if (moco__is_directory(path)) {
        return find_in_folder(list, path);
    }
    if (!moco__files_exist(path) && find_range(&r, path)) {
        return expand_range(list, path, &r);
    }
    char *copy = strdup(path);
    return add(list, copy);
}

moco_status moco__shard_list_find(moco__shard_list *list, const char *path)
{
    *list = (moco__shard_list){ NULL, 0 };
    const moco_status status = find(list, path);
    if (status != MOCO_OK) {
        moco__shard_list_free(list);
    }
    return status;
}
