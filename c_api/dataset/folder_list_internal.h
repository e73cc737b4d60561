/* Lists one folder of a tree of images. Several threads may list different ones at once. */
#ifndef MOCO_DATASET_FOLDER_LIST_INTERNAL_H
#define MOCO_DATASET_FOLDER_LIST_INTERNAL_H

#include "dataset/left_out_internal.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct moco__folder_entry {
    size_t name;       /* where it starts in moco__folder_list.names */
    uint64_t identity; /* of a file, see moco__file_identity(); 0: not known */
    bool is_folder;
} moco__folder_entry;

typedef struct moco__folder_list {
    char *names; /* NUL-terminated, end to end */
    size_t names_size, names_room;
    moco__folder_entry *entries; /* images and folders, by name */
    size_t count, room;
    dev_t device;
    ino_t inode;
    bool is_unreadable, is_loop;
    moco__left_out left_out; /* what is neither */
} moco__folder_list;

/* Whether a folder is one of those that it was reached through. */
typedef bool (*moco__is_loop_fn)(const void *context, const moco__folder_list *list);

/* Lists the folder `name` below `root`; "" is the root itself, which must be readable.
 * @param[in,out] list zeroed; the caller releases it also after an error */
moco_status moco__folder_read(moco__folder_list *list, const char *root, const char *name, moco__is_loop_fn is_loop,
                              const void *context);
void moco__folder_list_release(moco__folder_list *list);

#endif
