/*
 * Lists a tree folder by folder.
 *
 * Files count by their extension, in either case. Symbolic links are followed, but not into a folder that contains
 * them. Names that start with a dot, arrays (.npy) beside other images, other files, and folders that cannot be read
 * are left out, and counted.
 */
#include "dataset/image_tree_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/file_identity_internal.h"
#include "dataset/image_name_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder that is being listed. */
typedef struct listing {
    moco__tree *tree;
    size_t at;
    int descriptor;
    enum { NOT_TRIED, MATCH, DIFFER } inodes; /* whether its list has the inodes of the files themselves */
} listing;

static moco_status add_file(moco__tree *tree, const moco__tree_folder *in, const char *name, uint64_t identity)
{
    const size_t folder_length = strlen(in->path);
    const size_t size = folder_length + strlen(name) + 2;
    MOCO_GROW(tree->paths, tree->paths_room, tree->paths_size, size);
    MOCO_GROW(tree->files, tree->file_room, tree->file_count, 1);
    tree->files[tree->file_count++] =
        (moco__tree_file){ tree->paths_size, identity, (uint32_t)folder_length, in->label };
    tree->paths_size +=
        (size_t)snprintf(tree->paths + tree->paths_size, size, "%s%s%s", in->path, folder_length > 0 ? "/" : "", name) +
        1;
    return MOCO_OK;
}

static moco_status add_folder(moco__tree *tree, size_t parent, const char *name)
{
    MOCO_GROW(tree->folders, tree->folder_room, tree->folder_count, 1);
    const moco__tree_folder *in = &tree->folders[parent];
    char *path = in->path[0] != '\0' ? moco__files_join_new(in->path, name) : strdup(name);
    if (path == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", name);
    }
    tree->folders[tree->folder_count++] = (moco__tree_folder){ path, parent, 0, 0, in->label, false };
    return MOCO_OK;
}

/* Gives the identity of a regular file without a call for each: a list of a folder has the inodes. But those of some
 * file systems, as of FUSE, are others than the files have, which the first file of a folder shows. */
static uint64_t identity_of(listing *list, const struct dirent *entry)
{
    const dev_t device = list->tree->folders[list->at].device;
    struct stat info;
    if (list->inodes == NOT_TRIED) {
        const bool known = fstatat(list->descriptor, entry->d_name, &info, 0) == 0;
        list->inodes = known && info.st_dev == device && info.st_ino == entry->d_ino ? MATCH : DIFFER;
    }
    return list->inodes == MATCH ? moco__file_identity(device, entry->d_ino) : 0;
}

/* Adds one entry of an open folder. A link that leads nowhere is added by its name, so that reading it names it. */
static moco_status add_entry(listing *list, const struct dirent *entry)
{
    moco__tree *tree = list->tree;
    struct stat info;
    bool is_folder = entry->d_type == DT_DIR;
    bool is_file = entry->d_type == DT_REG;
    uint64_t identity = 0;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
        const bool known = fstatat(list->descriptor, entry->d_name, &info, 0) == 0;
        is_folder = known && S_ISDIR(info.st_mode);
        is_file = !known || S_ISREG(info.st_mode);
        identity = known ? moco__file_identity(info.st_dev, info.st_ino) : 0;
    }
    if (is_folder) {
        return add_folder(tree, list->at, entry->d_name);
    }
    if (is_file && moco__is_image_name(entry->d_name)) {
        identity = entry->d_type == DT_REG ? identity_of(list, entry) : identity;
        return add_file(tree, &tree->folders[list->at], entry->d_name, identity);
    }
    moco__left_out_note(tree->left_out, moco__left_out_kind(entry->d_name), tree->folders[list->at].path,
                        entry->d_name);
    return MOCO_OK;
}

/* Returns whether a folder is one of those that it was reached through. */
static bool is_loop(const moco__tree *tree, size_t at)
{
    for (size_t above = at; above != 0;) {
        above = tree->folders[above].parent;
        if (tree->folders[above].device == tree->folders[at].device &&
            tree->folders[above].inode == tree->folders[at].inode) {
            return true;
        }
    }
    return false;
}

static moco_status list_entries(moco__tree *tree, size_t at, DIR *stream)
{
    struct stat info;
    if (fstat(dirfd(stream), &info) != 0) {
        return moco_error_set(MOCO_EIO, "dataset: cannot read %s/%s: %s", tree->root, tree->folders[at].path,
                              strerror(errno));
    }
    tree->folders[at].device = info.st_dev;
    tree->folders[at].inode = info.st_ino;
    if (is_loop(tree, at)) {
        moco__left_out_note(tree->left_out, MOCO__LEFT_LOOPS, NULL, tree->folders[at].path);
        return MOCO_OK;
    }
    const size_t before = tree->file_count + tree->folder_count;
    listing list = { tree, at, dirfd(stream), NOT_TRIED };
    for (;;) {
        const struct dirent *entry = moco__folder_next(stream);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') {
            MOCO_TRY(add_entry(&list, entry));
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            moco__left_out_note(tree->left_out, MOCO__LEFT_HIDDEN, tree->folders[at].path, entry->d_name);
        }
    }
    if (errno != 0) {
        return moco_error_set(MOCO_EIO, "dataset: cannot list %s/%s: %s", tree->root, tree->folders[at].path,
                              strerror(errno));
    }
    /* Folders in the root may be classes; whoever decides that tells of empty ones. */
    if (tree->file_count + tree->folder_count == before && tree->folders[at].parent != 0) {
        moco__left_out_note(tree->left_out, MOCO__LEFT_EMPTY, NULL, tree->folders[at].path);
    }
    return MOCO_OK;
}

static moco_status scan_folder(moco__tree *tree, size_t at)
{
    char *path = moco__files_join_new(tree->root, tree->folders[at].path);
    if (path == NULL) {
        return MOCO_ENOMEM;
    }
    DIR *stream = moco__folder_open(path);
    moco_status status;
    if (stream == NULL && errno == EACCES && at > 0) {
        moco__left_out_note(tree->left_out, MOCO__LEFT_UNREADABLE, NULL, tree->folders[at].path);
        tree->folders[at].is_unreadable = true;
        status = MOCO_OK;
    } else if (stream == NULL) {
        status = moco_error_set(MOCO_EIO, "dataset: cannot list the folder %s: %s", path, strerror(errno));
    } else {
        status = list_entries(tree, at, stream);
        (void)closedir(stream);
    }
    free(path);
    return status;
}

/* Leaves arrays out if there are other images. */
static void leave_out_arrays(moco__tree *tree)
{
    size_t arrays = 0;
    size_t kept = 0;
    for (size_t i = 0; i < tree->file_count; ++i) {
        arrays += moco__is_array_name(tree->paths + tree->files[i].path);
    }
    if (arrays == tree->file_count) {
        return;
    }
    for (size_t i = 0; i < tree->file_count; ++i) {
        const char *path = tree->paths + tree->files[i].path;
        if (moco__is_array_name(path)) {
            moco__left_out_note(tree->left_out, MOCO__LEFT_ARRAYS, NULL, path);
        } else {
            tree->files[kept++] = tree->files[i];
        }
    }
    tree->file_count = kept;
}

static int compare_folders(const void *left, const void *right)
{
    return strcmp(((const moco__tree_folder *)left)->path, ((const moco__tree_folder *)right)->path);
}

moco_status moco__tree_list(moco__tree *tree, size_t *class_count)
{
    MOCO_GROW(tree->folders, tree->folder_room, 0, 1);
    char *top = strdup("");
    if (top == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for listing %s", tree->root);
    }
    tree->folders[tree->folder_count++] = (moco__tree_folder){ top, 0, 0, 0, -1, false };
    MOCO_TRY(scan_folder(tree, 0));
    *class_count = tree->folder_count - 1;
    if (*class_count > INT32_MAX) {
        return moco_error_set(MOCO_EFORMAT, "dataset: %s has %zu folders, more than there can be classes", tree->root,
                              *class_count);
    }
    qsort(tree->folders + 1, *class_count, sizeof *tree->folders, compare_folders);
    for (size_t i = 0; i < *class_count; ++i) {
        tree->folders[i + 1].label = (int32_t)i;
    }
    for (size_t at = 1; at < tree->folder_count; ++at) {
        MOCO_TRY(scan_folder(tree, at));
    }
    leave_out_arrays(tree);
    return MOCO_OK;
}

static int compare_files(const void *left, const void *right, void *paths)
{
    const moco__tree_file *a = left;
    const moco__tree_file *b = right;
    if (a->label != b->label) {
        return a->label < b->label ? -1 : 1;
    }
    const char *path_a = (const char *)paths + a->path;
    const char *path_b = (const char *)paths + b->path;
    const size_t common = a->folder_length < b->folder_length ? a->folder_length : b->folder_length;
    const int order = memcmp(path_a, path_b, common);
    if (order != 0 || a->folder_length != b->folder_length) {
        return order != 0 ? order : (a->folder_length < b->folder_length ? -1 : 1);
    }
    return strcmp(path_a + common, path_b + common);
}

void moco__tree_sort(moco__tree *tree)
{
    qsort_r(tree->files, tree->file_count, sizeof *tree->files, compare_files, tree->paths);
}

void moco__tree_free_folders(moco__tree *tree)
{
    for (size_t i = 0; i < tree->folder_count; ++i) {
        free(tree->folders[i].path);
    }
    free(tree->folders);
    tree->folders = NULL;
    tree->folder_count = 0;
}

void moco__tree_free(moco__tree *tree)
{
    if (tree != NULL) {
        moco__tree_free_folders(tree);
        free(tree->root);
        free(tree->paths);
        free(tree->files);
        free(tree);
    }
}
