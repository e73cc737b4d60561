/* Knows the names that people give to the splits of a dataset. */
#ifndef MOCO_DATASET_DATASET_SPLIT_INTERNAL_H
#define MOCO_DATASET_DATASET_SPLIT_INTERNAL_H

#include "moco/dataset.h"

/* Returns whether a folder has one folder per split: train/ and at least one to test on, in any case. */
bool moco__split_has_folders(const char *path);
/* Gives the folder of a split in new memory, or `path` itself if it has no such folders. */
moco_status moco__split_folder(char **out, const char *path, moco_split split);

/* Keeps where the images of an open dataset are: `path`, or the folder of its split there. */
moco_status moco__split_note_path(moco_dataset *dataset, const char *path);
moco_status moco__split_note_folder(moco_dataset *dataset, const char *path);

/*
 * Warn of folders or shards of a dataset whose names are those of splits (all of them, or one for training and
 * another), since they are read as classes or as one set. `names` are those of all folders in `root`; `paths` those of
 * the shards.
 */
void moco__split_warn_of_folders(const char *root, char *const *names, size_t count, bool are_classes);
void moco__split_warn_of_shards(const char *root, char *const *paths, size_t count);

/* Finds the list of a split, train.txt or val.txt and so on, in a folder; the caller frees it. */
moco_status moco__split_list(char **out, const char *path, moco_split split);

#endif
