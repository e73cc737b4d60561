/*
 * Opens trees of image files: one folder per class, as torchvision's ImageFolder, or any tree without labels.
 *
 * - A root with folders of splits (dataset_split.c) is entered by the split; any other is the same under both splits,
 *   and a warning says so if its folders have the names of splits nevertheless.
 * - With format auto, the root's folders are classes if at least two of them have images and the root itself has none;
 *   else the tree is flat. If the root is opened as class folders, images directly in it are left out.
 * - A class folder without images keeps its number, so that the labels of two splits agree; a warning names it
 *   (torchvision refuses it).
 */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/dataset_split_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/image_tree_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const moco__tree *tree = dataset->state;
    (void)snprintf(buffer, size, "%s/%s", tree->root, tree->paths + tree->files[index].path);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const moco__tree *tree = dataset->state;
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
    const moco__tree *tree = dataset->state;
    return tree->files[index].label;
}

static void close_state(moco_dataset *dataset)
{
    moco__tree_free(dataset->state);
}

static moco_status fetch_file(const moco_dataset *dataset, moco__bytes *out, size_t index)
{
    const moco__tree *tree = dataset->state;
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

static uint64_t size_of(const moco_dataset *dataset, size_t index)
{
    const moco__tree *tree = dataset->state;
    struct stat info;
    char *path = moco__files_join_new(tree->root, tree->paths + tree->files[index].path);
    const bool known = path != NULL && stat(path, &info) == 0;
    free(path);
    return known ? (uint64_t)info.st_size : 0;
}

static uint64_t identity_of(const moco_dataset *dataset, size_t index)
{
    const moco__tree *tree = dataset->state;
    return tree->files[index].identity;
}

static const moco__dataset_ops folder_ops = {
    read_image, name_of, fetch_file, label_of, close_state, size_of, identity_of,
};

/* Counts the images in each class, and in the last place those in the root. */
static size_t *count_images(const moco__tree *tree, size_t class_count)
{
    size_t *counts = moco__calloc(class_count + 1, sizeof *counts);
    for (size_t i = 0; counts != NULL && i < tree->file_count; ++i) {
        const int32_t label = tree->files[i].label;
        ++counts[label < 0 ? class_count : (size_t)label];
    }
    return counts;
}

/* Images beside folders of images make a tree without labels, which may not be what was meant. */
static moco_format choose_format(const moco__tree *tree, const size_t *counts, size_t class_count)
{
    size_t filled = 0;
    const size_t outside = counts[class_count];
    for (size_t i = 0; i < class_count; ++i) {
        filled += counts[i] > 0;
    }
    if (filled >= 2 && outside > 0) {
        moco_log(MOCO_LOG_WARNING,
                 "dataset: %s has %zu image%s beside %zu folders of images, so that all are taken as one set without "
                 "labels; with format folder the folders are classes, and what is beside them is left out",
                 tree->root, outside, outside == 1 ? "" : "s", filled);
    }
    return filled >= 2 && outside == 0 ? MOCO_FORMAT_FOLDER : MOCO_FORMAT_FLAT;
}

/* Turns the folders into classes; images outside of them are dropped. */
static moco_status take_classes(moco_dataset *dataset, const size_t *counts, size_t class_count)
{
    moco__tree *tree = dataset->state;
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
        moco__left_out_add(&dataset->left_out, MOCO__LEFT_OUTSIDE, counts[class_count],
                           tree->paths + tree->files[0].path);
    }
    /* moco__tree_sort() has put the files of the root first. */
    dataset->count = tree->file_count - counts[class_count];
    memmove(tree->files, tree->files + counts[class_count], dataset->count * sizeof *tree->files);
    return MOCO_OK;
}

/* Warns of folders that look like splits, but are not read as such: in the root, or in a single folder there. */
static void warn_of_splits(const moco__tree *tree, size_t class_count, bool are_classes)
{
    char *names[64] = { NULL };
    const size_t count = class_count < 64 ? class_count : 64;
    for (size_t i = 0; i < count; ++i) {
        names[i] = tree->folders[i + 1].path;
    }
    moco__split_warn_of_folders(tree->root, names, count, are_classes);
}

static moco_status take_files(moco_dataset *dataset, moco_format format, size_t class_count)
{
    moco__tree *tree = dataset->state;
    size_t *counts = count_images(tree, class_count);
    if (counts == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->format = format == MOCO_FORMAT_AUTO ? choose_format(tree, counts, class_count) : format;
    warn_of_splits(tree, class_count, dataset->format == MOCO_FORMAT_FOLDER);
    if (dataset->format == MOCO_FORMAT_FLAT) {
        for (size_t i = 0; i < tree->file_count; ++i) {
            tree->files[i].label = -1;
        }
        dataset->count = tree->file_count;
        for (size_t i = 0; i < class_count; ++i) {
            if (counts[i] == 0 && !tree->folders[i + 1].is_unreadable) {
                moco__left_out_note(&dataset->left_out, MOCO__LEFT_EMPTY, NULL, tree->folders[i + 1].path);
            }
        }
    }
    moco__tree_sort(tree);
    const moco_status status =
        dataset->format == MOCO_FORMAT_FOLDER ? take_classes(dataset, counts, class_count) : MOCO_OK;
    free(counts);
    return status;
}

static moco_status refuse_empty(const moco_dataset *dataset, const moco__tree *tree)
{
    char others[1024];
    const bool any = moco__left_out_text(&dataset->left_out, others, sizeof others) > 0;
    return moco_error_set(MOCO_EFORMAT,
                          "dataset: nothing usable in %s: neither image files (" MOCO__IMAGE_EXTENSION_TEXT
                          ") nor the files of another format; check the path%s%s",
                          tree->root, any ? "; " : "", others);
}

static moco_status open_folder(moco_dataset *dataset, const char *path, bool is_file,
                               const moco_dataset_options *options)
{
    (void)is_file;
    size_t class_count = 0;
    moco__tree *tree = moco__calloc(1, sizeof *tree);
    if (tree == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->ops = &folder_ops;
    dataset->state = tree;
    MOCO_TRY(moco__split_folder(&tree->root, path, options->split));
    for (size_t end = strlen(tree->root); end > 1 && tree->root[end - 1] == '/'; --end) {
        tree->root[end - 1] = '\0';
    }
    tree->left_out = &dataset->left_out;
    MOCO_TRY(moco__tree_list(tree, &class_count));
    if (tree->file_count == 0) {
        return refuse_empty(dataset, tree);
    }
    MOCO_TRY(take_files(dataset, options->format, class_count));
    moco__tree_free_folders(tree);
    return MOCO_OK;
}

/* A folder without files of another kind is a tree of images; opening it says if there are none. */
static bool is_folder(const char *path, bool is_file)
{
    (void)path;
    return !is_file;
}

const moco__dataset_kind moco__dataset_folder = {
    .format = MOCO_FORMAT_FOLDER,
    .other_format = MOCO_FORMAT_FLAT,
    .recognise = is_folder,
    .open = open_folder,
};
