/* Lists the shards that a path means. */
#include "dataset/shard_list_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_pattern_internal.h"
#include "formats/command_source_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name);
    return length > strlen(end) && strcasecmp(name + length - strlen(end), end) == 0;
}

bool moco__is_shard_name(const char *name)
{
    static const char *const ends[] = { ".tar",     ".tar.gz",   ".tgz", ".tar.zst", ".tzst",
                                        ".tar.xz",  ".txz",      ".tbz", ".tar.bz2", ".tbz2",
                                        ".tar.lz4", ".tar.lzma", ".tlz", ".tar.lz",  ".tar.Z" };
    bool found = false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; ++i) {
        found = found || ends_with(name, ends[i]);
    }
    return found && name[0] != '.';
}

/* Returns whether an entry of a folder of shards is an index of one, or the folder itself or the one above. */
static bool is_own(const char *name)
{
    return ends_with(name, ".idx") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

enum { TREE_DEPTH_MAX = 16 };

/* Returns whether a folder or one below has an image. Links to folders are not followed.
 * NOLINTNEXTLINE(misc-no-recursion): TREE_DEPTH_MAX bounds it. */
static bool has_image(const char *path, int depth)
{
    DIR *folder = depth < TREE_DEPTH_MAX ? moco__folder_open(path) : NULL;
    bool found = false;
    if (folder == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        found = moco__is_image_name(entry->d_name) && entry->d_type != DT_DIR;
        if (!found && entry->d_type == DT_DIR) {
            char *below = moco__files_join_new(path, entry->d_name);
            found = below != NULL && has_image(below, depth + 1);
            free(below);
        }
    }
    (void)closedir(folder);
    return found;
}

bool moco__shard_list_is_folder(const char *path)
{
    DIR *folder = moco__folder_open(path);
    bool found = false;
    if (folder == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
        found = moco__is_shard_name(entry->d_name);
    }
    (void)closedir(folder);
    return found && !has_image(path, 0);
}

void moco__shard_list_free(moco__shard_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        free(list->paths[i]);
    }
    free(list->paths);
    *list = (moco__shard_list){ NULL, 0, false };
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

static moco_status find_in_folder(moco__shard_list *list, const char *path, moco__left_out *left)
{
    DIR *folder = moco__folder_open(path);
    moco_status status = MOCO_OK;
    if (folder == NULL) {
        return moco__files_cannot("list the folder", path, errno);
    }
    const struct dirent *entry = moco__folder_next(folder);
    int failure = errno;
    for (; entry != NULL && status == MOCO_OK; entry = moco__folder_next(folder), failure = errno) {
        if (moco__is_shard_name(entry->d_name)) {
            status = add(list, moco__files_join_new(path, entry->d_name));
        } else if (!is_own(entry->d_name)) {
            moco__left_out_note(left, entry->d_name[0] == '.' ? MOCO__LEFT_HIDDEN : MOCO__LEFT_BESIDE, NULL,
                                entry->d_name);
        }
    }
    (void)closedir(folder);
    MOCO_TRY(status);
    if (failure != 0) {
        return moco__files_cannot("list the folder", path, failure);
    }
    if (list->count == 0) {
        return moco_error_set(MOCO_ENOTFOUND,
                              "dataset: no shards in %s: no .tar, plain or compressed (.tar.gz, .tar.zst, "
                              ".tar.xz and others)",
                              path);
    }
    qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
    return MOCO_OK;
}

/* Keeps one path of a pattern. */
static moco_status take_path(const char *path, void *list)
{
    return add(list, strdup(path));
}

static moco_status find(moco__shard_list *list, const char *path, moco__left_out *left)
{
    list->are_commands = moco__command_is(path);
    if (list->are_commands) {
        return moco__shard_pattern_expand_command(path, take_path, list);
    }
    if (moco__is_directory(path)) {
        return find_in_folder(list, path, left);
    }
    if (!moco__files_exist(path) && moco__shard_pattern_is(path)) {
        return moco__shard_pattern_expand(path, take_path, list);
    }
    return add(list, strdup(path));
}

moco_status moco__shard_list_find(moco__shard_list *list, const char *path, moco__left_out *left)
{
    *list = (moco__shard_list){ NULL, 0, false };
    const moco_status status = find(list, path, left);
    if (status != MOCO_OK) {
        moco__shard_list_free(list);
    }
    return status;
}
