/*
 * Lists one folder of a tree of images.
 *
 * Files count by their extension, in either case. Symbolic links are followed, but not into a folder that contains
 * them. Names that start with a dot, other files, and folders that cannot be read are left out, and counted.
 */
#include "dataset/folder_list_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/file_identity_internal.h"
#include "dataset/image_name_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder that is being listed. */
typedef struct listing {
    moco__folder_list *list;
    const char *name;
    int descriptor;
    enum { NOT_TRIED, MATCH, DIFFER } inodes; /* whether its list has the inodes of the files themselves */
} listing;

static moco_status add(moco__folder_list *list, const char *name, uint64_t identity, bool is_folder)
{
    const size_t size = strlen(name) + 1;
    MOCO_GROW(list->names, list->names_room, list->names_size, size);
    MOCO_GROW(list->entries, list->room, list->count, 1);
    list->entries[list->count++] = (moco__folder_entry){ list->names_size, identity, is_folder };
    memcpy(list->names + list->names_size, name, size);
    list->names_size += size;
    return MOCO_OK;
}

/* Gives the identity of a regular file without a call for each: a list of a folder has the inodes. But those of some
 * file systems, as of FUSE, are others than the files have, which the first file of a folder shows. */
static uint64_t identity_of(listing *l, const struct dirent *entry)
{
    const dev_t device = l->list->device;
    struct stat info;
    if (l->inodes == NOT_TRIED) {
        const bool known = fstatat(l->descriptor, entry->d_name, &info, 0) == 0;
        l->inodes = known && info.st_dev == device && info.st_ino == entry->d_ino ? MATCH : DIFFER;
    }
    return l->inodes == MATCH ? moco__file_identity(device, entry->d_ino) : 0;
}

/* Adds one entry of an open folder. A link that leads nowhere is added by its name, so that reading it names it. */
static moco_status add_entry(listing *l, const struct dirent *entry)
{
    struct stat info;
    bool is_folder = entry->d_type == DT_DIR;
    bool is_file = entry->d_type == DT_REG;
    uint64_t identity = 0;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
        const bool known = fstatat(l->descriptor, entry->d_name, &info, 0) == 0;
        is_folder = known && S_ISDIR(info.st_mode);
        is_file = !known || S_ISREG(info.st_mode);
        identity = known ? moco__file_identity(info.st_dev, info.st_ino) : 0;
    }
    if (is_folder) {
        return add(l->list, entry->d_name, 0, true);
    }
    if (is_file && moco__is_image_name(entry->d_name)) {
        return add(l->list, entry->d_name, entry->d_type == DT_REG ? identity_of(l, entry) : identity, false);
    }
    moco__left_out_note(&l->list->left_out, moco__left_out_kind(entry->d_name), l->name, entry->d_name);
    return MOCO_OK;
}

static moco_status read_entries(listing *l, DIR *stream, const char *path)
{
    for (;;) {
        const struct dirent *entry = moco__folder_next(stream);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') {
            MOCO_TRY(add_entry(l, entry));
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            moco__left_out_note(&l->list->left_out, MOCO__LEFT_HIDDEN, l->name, entry->d_name);
        }
    }
    return errno == 0 ? MOCO_OK : moco__files_cannot("list the folder", path, errno);
}

static int compare_entries(const void *left, const void *right, void *names)
{
    return strcmp((const char *)names + ((const moco__folder_entry *)left)->name,
                  (const char *)names + ((const moco__folder_entry *)right)->name);
}

static moco_status read_folder(listing *l, const char *path, moco__is_loop_fn is_loop, const void *context)
{
    moco__folder_list *list = l->list;
    struct stat info;
    DIR *stream = moco__folder_open(path);
    if (stream == NULL && errno == EACCES && l->name[0] != '\0') {
        list->is_unreadable = true;
        return MOCO_OK;
    }
    if (stream == NULL) {
        return moco__files_cannot("list the folder", path, errno);
    }
    l->descriptor = dirfd(stream);
    moco_status status = MOCO_OK;
    if (fstat(l->descriptor, &info) != 0) {
        status = moco__files_cannot("read", path, errno);
    } else {
        list->device = info.st_dev;
        list->inode = info.st_ino;
        list->is_loop = is_loop(context, list);
        status = list->is_loop ? MOCO_OK : read_entries(l, stream, path);
    }
    (void)closedir(stream);
    if (status == MOCO_OK && list->count > 0) {
        qsort_r(list->entries, list->count, sizeof *list->entries, compare_entries, list->names);
    }
    return status;
}

moco_status moco__folder_read(moco__folder_list *list, const char *root, const char *name, moco__is_loop_fn is_loop,
                              const void *context)
{
    listing l = { .list = list, .name = name };
    char *path = moco__files_join_new(root, name);
    const moco_status status = path != NULL ? read_folder(&l, path, is_loop, context) : MOCO_ENOMEM;
    free(path);
    return status;
}

void moco__folder_list_release(moco__folder_list *list)
{
    free(list->names);
    free(list->entries);
    moco__left_out_free(&list->left_out);
    *list = (moco__folder_list){ 0 };
}
