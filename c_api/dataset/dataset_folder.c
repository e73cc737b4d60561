/*
 * Trees of image files: one folder a class, as torchvision's ImageFolder, or any tree without labels.
 *
 * - Files count by their extension, in either case; names that start with a dot are left out; symbolic links are
 *   followed, but not into a folder that they lie in.
 * - Order: classes bytewise, in a class folders bytewise, in a folder files bytewise.
 * - A root with train/ and val/ (or test/) is entered by the split; any other root is one set under both splits.
 * - Left to itself, the opener takes a root for class folders where at least two of its folders have images and none
 *   lies in the root itself; else the tree is flat. In a folder of classes, images in the root are left out.
 * - A class folder without images keeps its number, so that the labels of two splits agree; a warning names it
 *   (torchvision refuses it).
 */
#include "dataset/dataset_internal.h"

#include "base/files_internal.h"

#include "base/handle_internal.h"
#include "dataset/shard_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct image_file {
    size_t path;          /* where its path from the root starts in `paths` */
    size_t folder_length; /* of the path's part before the last slash */
    int32_t label;        /* the class folder's place; -1 in the root */
} image_file;

/* A folder that was met; its images are listed when its turn comes. */
typedef struct folder {
    char *path; /* from the root; "" is the root */
    size_t parent;
    dev_t device;
    ino_t inode;
    int32_t label;
} folder;

typedef struct tree_state {
    char *root;
    char *paths; /* NUL-terminated paths, end to end */
    size_t paths_size, paths_room;
    image_file *files;
    size_t file_count, file_room;
    folder *folders; /* while scanning */
    size_t folder_count, folder_room;
} tree_state;

static moco_status add_file(tree_state *tree, const folder *in, const char *name)
{
    const size_t folder_length = strlen(in->path);
    const size_t size = folder_length + strlen(name) + 2;
    MOCO_GROW(tree->paths, tree->paths_room, tree->paths_size, size);
    MOCO_GROW(tree->files, tree->file_room, tree->file_count, 1);
    tree->files[tree->file_count++] = (image_file){ tree->paths_size, folder_length, in->label };
    tree->paths_size +=
        (size_t)snprintf(tree->paths + tree->paths_size, size, "%s%s%s", in->path, folder_length > 0 ? "/" : "", name) +
        1;
    return MOCO_OK;
}

static moco_status add_folder(tree_state *tree, size_t parent, const char *name)
{
    MOCO_GROW(tree->folders, tree->folder_room, tree->folder_count, 1);
    const folder *in = &tree->folders[parent];
    char *path = in->path[0] != '\0' ? moco__files_join_new(in->path, name) : strdup(name);
    if (path == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", name);
    }
    tree->folders[tree->folder_count++] = (folder){ path, parent, 0, 0, in->label };
    return MOCO_OK;
}

/* Files one entry of an open folder. A link that leads nowhere counts by its name, so that reading it names it. */
static moco_status add_entry(tree_state *tree, size_t parent, int descriptor, const struct dirent *entry)
{
    struct stat info;
    bool is_folder = entry->d_type == DT_DIR;
    bool is_file = entry->d_type == DT_REG;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
        const bool known = fstatat(descriptor, entry->d_name, &info, 0) == 0;
        is_folder = known && S_ISDIR(info.st_mode);
        is_file = !known || S_ISREG(info.st_mode);
    }
    if (is_folder) {
        return add_folder(tree, parent, entry->d_name);
    }
    if (is_file && moco__is_image_name(entry->d_name)) {
        return add_file(tree, &tree->folders[parent], entry->d_name);
    }
    return MOCO_OK;
}

/* Whether a folder is one of those that it was reached through. */
static bool is_loop(const tree_state *tree, size_t at)
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

static moco_status list_entries(tree_state *tree, size_t at, DIR *stream)
{
    struct stat info;
    if (fstat(dirfd(stream), &info) != 0) {
        return moco_error_set(MOCO_EIO, "dataset: cannot look at %s/%s: %s", tree->root, tree->folders[at].path,
                              strerror(errno));
    }
    tree->folders[at].device = info.st_dev;
    tree->folders[at].inode = info.st_ino;
    if (is_loop(tree, at)) {
        return MOCO_OK;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') {
            MOCO_TRY(add_entry(tree, at, dirfd(stream), entry));
        }
    }
    if (errno != 0) {
        return moco_error_set(MOCO_EIO, "dataset: cannot list %s/%s: %s", tree->root, tree->folders[at].path,
                              strerror(errno));
    }
    return MOCO_OK;
}

static moco_status scan_folder(tree_state *tree, size_t at)
{
    char *path = moco__files_join_new(tree->root, tree->folders[at].path);
    if (path == NULL) {
        return MOCO_ENOMEM;
    }
    DIR *stream = opendir(path);
    moco_status status;
    if (stream == NULL) {
        status = moco_error_set(MOCO_EIO, "dataset: cannot list the folder %s: %s", path, strerror(errno));
    } else {
        status = list_entries(tree, at, stream);
        (void)closedir(stream);
    }
    free(path);
    return status;
}

static int compare_folders(const void *left, const void *right)
{
    return strcmp(((const folder *)left)->path, ((const folder *)right)->path);
}

static int compare_files(const void *left, const void *right, void *paths)
{
    const image_file *a = left;
    const image_file *b = right;
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

/* Lists the whole tree, folder by folder; the root's folders are numbered as classes. */
static moco_status scan(tree_state *tree, size_t *class_count)
{
    MOCO_GROW(tree->folders, tree->folder_room, 0, 1);
    char *top = strdup("");
    if (top == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for listing %s", tree->root);
    }
    tree->folders[tree->folder_count++] = (folder){ top, 0, 0, 0, -1 };
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
    return MOCO_OK;
}

/* ---- The dataset ---- */

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const tree_state *tree = dataset->state;
    (void)snprintf(buffer, size, "%s/%s", tree->root, tree->paths + tree->files[index].path);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const tree_state *tree = dataset->state;
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", tree->root, tree->paths + tree->files[index].path);
    if (length < 0 || (size_t)length >= sizeof path) {
        return moco_error_set(MOCO_EIO, "dataset: the path %s... is longer than %zu bytes; move the data higher up",
                              path, sizeof path - 1);
    }
    return moco_image_read(image, path);
}

static int64_t label_of(const moco_dataset *dataset, size_t index)
{
    const tree_state *tree = dataset->state;
    return tree->files[index].label;
}

static void free_folders(tree_state *tree)
{
    for (size_t i = 0; i < tree->folder_count; ++i) {
        free(tree->folders[i].path);
    }
    free(tree->folders);
    tree->folders = NULL;
    tree->folder_count = 0;
}

static void close_state(moco_dataset *dataset)
{
    tree_state *tree = dataset->state;
    if (tree != NULL) {
        free_folders(tree);
        free(tree->root);
        free(tree->paths);
        free(tree->files);
        free(tree);
    }
}

static moco_status fetch_file(const moco_dataset *dataset, moco__bytes *out, size_t index)
{
    const tree_state *tree = dataset->state;
    char *path = moco__files_join_new(tree->root, tree->paths + tree->files[index].path);
    char *bytes = NULL;
    size_t size = 0;
    const moco_status status = path != NULL ? moco__file_read(&bytes, &size, path) : MOCO_ENOMEM;
    free(path);
    if (status == MOCO_OK) {
        moco__bytes_free(out);
        *out = (moco__bytes){ (uint8_t *)bytes, size, size };
    }
    return status;
}

static const moco__dataset_ops tree_ops = { read_image, name_of, fetch_file, label_of, close_state };

/* Images in each class; the last place counts those in the root. */
static size_t *count_images(const tree_state *tree, size_t class_count)
{
    size_t *counts = moco__calloc(class_count + 1, sizeof *counts);
    for (size_t i = 0; counts != NULL && i < tree->file_count; ++i) {
        const int32_t label = tree->files[i].label;
        ++counts[label < 0 ? class_count : (size_t)label];
    }
    return counts;
}

static moco_format recognise(const size_t *counts, size_t class_count)
{
    size_t filled = 0;
    for (size_t i = 0; i < class_count; ++i) {
        filled += counts[i] > 0;
    }
    return filled >= 2 && counts[class_count] == 0 ? MOCO_FORMAT_FOLDER : MOCO_FORMAT_FLAT;
}

/* The folders become classes; images outside of them are dropped. */
static moco_status take_classes(moco_dataset *dataset, const size_t *counts, size_t class_count)
{
    tree_state *tree = dataset->state;
    if (tree->file_count == counts[class_count]) {
        return moco_error_set(MOCO_EFORMAT,
                              "dataset: no folder in %s has images, so there are no classes; open it as \"flat\"",
                              tree->root);
    }
    MOCO_TRY(moco__dataset_alloc_names(dataset, class_count));
    for (size_t i = 0; i < class_count; ++i) {
        dataset->class_names[i] = tree->folders[i + 1].path;
        tree->folders[i + 1].path = NULL;
        if (counts[i] == 0) {
            moco_log(MOCO_LOG_WARNING, "dataset: the class folder %s/%s has no images", tree->root,
                     dataset->class_names[i]);
        }
    }
    if (counts[class_count] > 0) {
        moco_log(MOCO_LOG_WARNING, "dataset: %zu images directly in %s belong to no class and are left out",
                 counts[class_count], tree->root);
    }
    /* Sorting has put those of the root first. */
    dataset->count = tree->file_count - counts[class_count];
    memmove(tree->files, tree->files + counts[class_count], dataset->count * sizeof *tree->files);
    return MOCO_OK;
}

static moco_status take_files(moco_dataset *dataset, moco_format format, size_t class_count)
{
    tree_state *tree = dataset->state;
    size_t *counts = count_images(tree, class_count);
    if (counts == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->format = format == MOCO_FORMAT_AUTO ? recognise(counts, class_count) : format;
    if (dataset->format == MOCO_FORMAT_FLAT) {
        for (size_t i = 0; i < tree->file_count; ++i) {
            tree->files[i].label = -1;
        }
        dataset->count = tree->file_count;
    }
    qsort_r(tree->files, tree->file_count, sizeof *tree->files, compare_files, tree->paths);
    const moco_status status =
        dataset->format == MOCO_FORMAT_FOLDER ? take_classes(dataset, counts, class_count) : MOCO_OK;
    free(counts);
    return status;
}

bool moco__dataset_tree_has_split(const char *path)
{
    return moco__files_exist_in(path, "train/.") &&
           (moco__files_exist_in(path, "val/.") || moco__files_exist_in(path, "test/."));
}

moco_status moco__dataset_resolve_split(char **out, const char *path, moco_split split)
{
    if (moco__dataset_tree_has_split(path)) {
        const char *test = moco__files_exist_in(path, "val/.") ? "val" : "test";
        *out = moco__files_join_new(path, split == MOCO_SPLIT_TRAIN ? "train" : test);
        return *out != NULL ? MOCO_OK : MOCO_ENOMEM;
    }
    *out = strdup(path);
    return *out != NULL ? MOCO_OK : moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
}

moco_status moco__dataset_open_tree(moco_dataset *dataset, const char *path, moco_format format, moco_split split)
{
    size_t class_count = 0;
    tree_state *tree = moco__calloc(1, sizeof *tree);
    if (tree == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->ops = &tree_ops;
    dataset->state = tree;
    MOCO_TRY(moco__dataset_resolve_split(&tree->root, path, split));
    for (size_t end = strlen(tree->root); end > 1 && tree->root[end - 1] == '/'; --end) {
        tree->root[end - 1] = '\0';
    }
    MOCO_TRY(scan(tree, &class_count));
    if (tree->file_count == 0) {
        return moco_error_set(
            MOCO_EFORMAT,
            "dataset: nothing usable in %s: no image files (.jpg .jpeg .png .webp .bmp .tif .tiff), no "
            "train-images-idx3-ubyte, no data_batch_1.bin",
            tree->root);
    }
    MOCO_TRY(take_files(dataset, format, class_count));
    free_folders(tree);
    return MOCO_OK;
}
