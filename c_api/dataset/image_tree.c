/*
 * Lists a tree level by level, some folders at a time by several threads, and adds what they hold in the order of the
 * folders. Arrays (.npy) beside other images are left out, and counted.
 */
#include "dataset/image_tree_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/thread_internal.h"
#include "dataset/folder_list_internal.h"
#include "dataset/image_name_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 256,  /* folders that are in memory twice */
    THREADS = 8,  /* also on fewer cores, since they wait for the disk or the network */
    SEVERAL = 16, /* folders that are worth threads */
    MESSAGE_MAX = 512
};

/* ---- What one folder holds ---- */

static moco_status add_file(moco__tree *tree, const moco__tree_folder *in, const char *name, uint64_t identity)
{
    const size_t folder_length = strlen(in->path);
    const size_t name_size = strlen(name) + 1;
    const size_t size = folder_length + (folder_length > 0) + name_size;
    MOCO_GROW(tree->paths, tree->paths_room, tree->paths_size, size);
    MOCO_GROW(tree->files, tree->file_room, tree->file_count, 1);
    tree->files[tree->file_count++] =
        (moco__tree_file){ tree->paths_size, identity, (uint32_t)folder_length, in->label };
    char *to = tree->paths + tree->paths_size;
    memcpy(to, in->path, folder_length);
    to[folder_length] = '/'; /* the name overwrites it in the root */
    memcpy(to + size - name_size, name, name_size);
    tree->paths_size += size;
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

static moco_status add_list(moco__tree *tree, size_t at, const moco__folder_list *list)
{
    moco__tree_folder *folder = &tree->folders[at];
    folder->device = list->device;
    folder->inode = list->inode;
    folder->is_unreadable = list->is_unreadable;
    if (tree->left_out != NULL) {
        moco__left_out_merge(tree->left_out, &list->left_out);
    }
    if (list->is_unreadable || list->is_loop) {
        moco__left_out_note(tree->left_out, list->is_loop ? MOCO__LEFT_LOOPS : MOCO__LEFT_UNREADABLE, NULL,
                            folder->path);
    } else if (list->count == 0 && folder->parent != 0) {
        /* Folders in the root may be classes; whoever decides that tells of empty ones. */
        moco__left_out_note(tree->left_out, MOCO__LEFT_EMPTY, NULL, folder->path);
    }
    for (size_t i = 0; i < list->count; ++i) {
        const moco__folder_entry *entry = &list->entries[i];
        const char *name = list->names + entry->name;
        MOCO_TRY(entry->is_folder ? add_folder(tree, at, name)
                                  : add_file(tree, &tree->folders[at], name, entry->identity));
    }
    return MOCO_OK;
}

/* ---- Folders that are listed at a time ---- */

typedef struct listed {
    moco__folder_list list;
    moco_status status;
    char message[MESSAGE_MAX];
} listed;

typedef struct batch {
    const moco__tree *tree;
    size_t first, count;
    atomic_size_t next;
    listed folders[BATCH];
} batch;

typedef struct place {
    const moco__tree *tree;
    size_t at;
} place;

/* The folders above have been listed. */
static bool is_loop(const void *context, const moco__folder_list *list)
{
    const place *p = context;
    const moco__tree_folder *folders = p->tree->folders;
    for (size_t above = p->at; above != 0;) {
        above = folders[above].parent;
        if (folders[above].device == list->device && folders[above].inode == list->inode) {
            return true;
        }
    }
    return false;
}

static void *list_some(void *payload)
{
    batch *b = payload;
    for (size_t i = atomic_fetch_add(&b->next, 1); i < b->count; i = atomic_fetch_add(&b->next, 1)) {
        listed *to = &b->folders[i];
        const place p = { b->tree, b->first + i };
        to->status = moco__folder_read(&to->list, b->tree->root, b->tree->folders[p.at].path, is_loop, &p);
        if (to->status != MOCO_OK) {
            (void)snprintf(to->message, sizeof to->message, "%s", moco_error_message());
        }
    }
    return NULL;
}

static moco_status add_batch(moco__tree *tree, batch *b, size_t first, size_t count)
{
    b->tree = tree;
    b->first = first;
    b->count = count;
    atomic_store(&b->next, 0);
    moco__thread_team(count >= SEVERAL ? THREADS : 1, "moco-list", list_some, b);
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < count; ++i) {
        listed *from = &b->folders[i];
        if (status == MOCO_OK) {
            status = from->status == MOCO_OK ? add_list(tree, first + i, &from->list)
                                             : moco_error_set(from->status, "%s", from->message);
        }
        moco__folder_list_release(&from->list);
    }
    return status;
}

/* ---- The tree ---- */

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

static moco_status list_levels(moco__tree *tree, batch *b, size_t *class_count)
{
    MOCO_TRY(add_batch(tree, b, 0, 1));
    *class_count = tree->folder_count - 1;
    if (*class_count > INT32_MAX) {
        return moco_error_set(MOCO_EFORMAT, "dataset: %s has %zu folders, more than there can be classes", tree->root,
                              *class_count);
    }
    for (size_t i = 0; i < *class_count; ++i) {
        tree->folders[i + 1].label = (int32_t)i;
    }
    for (size_t at = 1; at < tree->folder_count;) {
        const size_t left = tree->folder_count - at;
        const size_t count = left < BATCH ? left : BATCH;
        MOCO_TRY(add_batch(tree, b, at, count));
        at += count;
    }
    leave_out_arrays(tree);
    return MOCO_OK;
}

moco_status moco__tree_list(moco__tree *tree, size_t *class_count)
{
    MOCO_GROW(tree->folders, tree->folder_room, 0, 1);
    batch *b = moco__calloc(1, sizeof *b);
    char *top = strdup("");
    if (b == NULL || top == NULL) {
        free(b);
        free(top);
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for listing %s", tree->root);
    }
    tree->folders[tree->folder_count++] = (moco__tree_folder){ top, 0, 0, 0, -1, false };
    const moco_status status = list_levels(tree, b, class_count);
    free(b);
    return status;
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
    bool is_sorted = true; /* unless folders are in folders, or are no classes */
    for (size_t i = 1; i < tree->file_count && is_sorted; ++i) {
        is_sorted = compare_files(&tree->files[i - 1], &tree->files[i], tree->paths) <= 0;
    }
    if (!is_sorted) {
        qsort_r(tree->files, tree->file_count, sizeof *tree->files, compare_files, tree->paths);
    }
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
