/* Lists the image files of a tree of folders. */
#ifndef MOCO_DATASET_IMAGE_TREE_INTERNAL_H
#define MOCO_DATASET_IMAGE_TREE_INTERNAL_H

#include "dataset/left_out_internal.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct moco__tree_file {
    size_t path;            /* where its path from the root starts in moco__tree.paths */
    uint64_t identity;      /* see moco__file_identity(); 0: not known */
    uint32_t folder_length; /* bytes of the path before the last slash */
    int32_t label;          /* number of the folder in the root that holds it; -1 in the root itself */
} moco__tree_file;

/* A folder that was found; its images are listed when its turn comes. */
typedef struct moco__tree_folder {
    char *path; /* from the root; "" is the root */
    size_t parent;
    dev_t device;
    ino_t inode;
    int32_t label;
    bool is_unreadable;
} moco__tree_folder;

typedef struct moco__tree {
    char *root;
    char *paths; /* NUL-terminated paths, end to end */
    size_t paths_size, paths_room;
    moco__tree_file *files;
    size_t file_count, file_room;
    moco__tree_folder *folders; /* the root, then its folders in bytewise order, then those below */
    size_t folder_count, folder_room;
    moco__left_out *left_out; /* borrowed; NULL: nobody asks */
} moco__tree;

/* Lists the tree below tree->root. @param[out] class_count folders in the root */
moco_status moco__tree_list(moco__tree *tree, size_t *class_count);
/* Sorts the files: classes bytewise, in a class folders bytewise, in a folder files bytewise. */
void moco__tree_sort(moco__tree *tree);
/* Frees the folders, which are not needed once classes are named. */
void moco__tree_free_folders(moco__tree *tree);
/* Frees a tree from moco__calloc(); NULL is allowed. */
void moco__tree_free(moco__tree *tree);

#endif
