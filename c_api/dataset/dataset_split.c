/* Knows the names that people give to the splits of a dataset. */
#include "dataset/dataset_split_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The split to train on, then those to test on; of several the first is taken. */
static const char *const known[] = { "train", "val", "valid", "validation", "dev", "eval", "test" };
enum {
    KNOWN = sizeof known / sizeof known[0],
    NAME_SIZE = 16,
    FEW = 4 /* folders in which splits are looked for too */
};

/* The folders of a dataset, as they are written there; empty: there is none of that name. */
typedef struct splits {
    char names[KNOWN][NAME_SIZE];
} splits;

/* Takes a folder's name. Of names that differ in case the one in small letters counts, else the first bytewise. */
static void take_name(splits *found, const char *folder, const char *name)
{
    for (size_t i = 0; i < KNOWN; ++i) {
        char *place = found->names[i];
        if (strcasecmp(name, known[i]) != 0 || strcmp(place, known[i]) == 0) {
            continue;
        }
        const bool better = place[0] == '\0' || strcmp(name, known[i]) == 0 || strcmp(name, place) < 0;
        char *path = better ? moco__files_join_new(folder, name) : NULL;
        if (path != NULL && moco__is_directory(path)) {
            memcpy(place, name, strlen(known[i]) + 1); /* as long as the known name */
        }
        free(path);
    }
}

static int chosen_test(const splits *found)
{
    for (int i = 1; i < KNOWN; ++i) {
        if (found->names[i][0] != '\0') {
            return i;
        }
    }
    return 0;
}

/* Finds the folders of splits. Returns whether there is one to train on and one to test on. */
static bool find(splits *found, const char *path)
{
    memset(found, 0, sizeof *found);
    DIR *stream = moco__folder_open(path);
    for (const struct dirent *e = stream != NULL ? readdir(stream) : NULL; e != NULL; e = readdir(stream)) {
        take_name(found, path, e->d_name);
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return found->names[0][0] != '\0' && chosen_test(found) > 0;
}

static moco_status out_of_memory(const char *path)
{
    return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
}

bool moco__split_has_folders(const char *path)
{
    splits found;
    return find(&found, path);
}

moco_status moco__split_folder(char **out, const char *path, moco_split split)
{
    splits found;
    if (!find(&found, path)) {
        *out = strdup(path);
        return *out != NULL ? MOCO_OK : out_of_memory(path);
    }
    *out = moco__files_join_new(path, found.names[split == MOCO_SPLIT_TRAIN ? 0 : chosen_test(&found)]);
    return *out != NULL ? MOCO_OK : MOCO_ENOMEM;
}

moco_status moco__split_list(char **out, const char *path, moco_split split)
{
    const size_t first = split == MOCO_SPLIT_TRAIN ? 0 : 1;
    const size_t end = split == MOCO_SPLIT_TRAIN ? 1 : KNOWN;
    for (size_t i = first; i < end; ++i) {
        char name[NAME_SIZE + 4];
        (void)snprintf(name, sizeof name, "%s.txt", known[i]);
        if (moco__files_exist_in(path, name)) {
            *out = moco__files_join_new(path, name);
            return *out != NULL ? MOCO_OK : MOCO_ENOMEM;
        }
    }
    return moco_error_set(MOCO_ENOTFOUND, "dataset: there is no list %s in %s; give the path of a list",
                          split == MOCO_SPLIT_TRAIN ? "train.txt" : "val.txt (valid, validation, dev, eval, test)",
                          path);
}

moco_status moco__split_note_path(moco_dataset *dataset, const char *path)
{
    dataset->place = strdup(path);
    return dataset->place != NULL ? MOCO_OK : out_of_memory(path);
}

moco_status moco__split_note_folder(moco_dataset *dataset, const char *path)
{
    splits found;
    char others[KNOWN * (NAME_SIZE + 2)] = "";
    if (!find(&found, path)) {
        return moco__split_note_path(dataset, path);
    }
    const int taken = dataset->split == MOCO_SPLIT_TRAIN ? 0 : chosen_test(&found);
    for (int i = 0; i < KNOWN; ++i) {
        const size_t used = strlen(others);
        if (i != taken && found.names[i][0] != '\0') {
            (void)snprintf(others + used, sizeof others - used, "%s%s", used > 0 ? ", " : "", found.names[i]);
        }
    }
    dataset->has_split = true;
    dataset->others = strdup(others);
    dataset->place = moco__files_join_new(path, found.names[taken]);
    return dataset->others != NULL && dataset->place != NULL ? MOCO_OK : out_of_memory(path);
}

/* Returns whether a name begins with the word for a split, as "train2017" and "Val_set"; `trains`: to train on. */
static bool names_split(const char *name, bool *trains)
{
    static const char *const more[] = { "training",   "trn",     "testing",   "tst",
                                        "evaluation", "holdout", "unlabeled", "unlabelled" };
    size_t length = 0;
    while (isalpha((unsigned char)name[length])) {
        ++length;
    }
    *trains = length >= 3 && tolower((unsigned char)name[0]) == 't' && tolower((unsigned char)name[1]) == 'r';
    for (size_t i = 0; i < KNOWN; ++i) {
        if (strlen(known[i]) == length && strncasecmp(known[i], name, length) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; ++i) {
        if (strlen(more[i]) == length && strncasecmp(more[i], name, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns whether names are those of splits: all of them, or one for training and another. Paths count by their end. */
static bool look_like_splits(char *const *names, size_t count, bool all_suffice)
{
    size_t train = 0;
    size_t test = 0;
    for (size_t i = 0; i < count; ++i) {
        bool trains = false;
        const char *slash = strrchr(names[i], '/');
        if (names_split(slash != NULL ? slash + 1 : names[i], &trains)) {
            train += trains ? 1 : 0;
            test += trains ? 0 : 1;
        }
    }
    return (train > 0 && test > 0) || (all_suffice && count > 0 && train + test == count);
}

void moco__split_warn_of_folders(const char *root, char *const *names, size_t count, bool are_classes)
{
    const char *taken = are_classes ? "they are taken for classes" : "all of them are taken for one set without labels";
    if (look_like_splits(names, count, true)) {
        moco_log(MOCO_LOG_WARNING,
                 "dataset: folders in %s have the names of splits (%s%s%s), but %s; splits are a folder train and "
                 "another of val, valid, validation, dev, eval or test; rename them, or give the folder of one split",
                 root, names[0], count > 1 ? ", " : "", count > 1 ? names[1] : "", taken);
        return;
    }
    for (size_t i = 0; count <= FEW && i < count; ++i) {
        char *inner = moco__files_join_new(root, names[i]);
        if (inner != NULL && moco__split_has_folders(inner)) {
            moco_log(MOCO_LOG_WARNING,
                     "dataset: the folder %s has splits, but those of %s are not looked for there, "
                     "so that the images of all splits are taken; give %s",
                     inner, root, inner);
            i = count;
        }
        free(inner);
    }
}

void moco__split_warn_of_shards(const char *root, char *const *paths, size_t count)
{
    if (look_like_splits(paths, count, false)) {
        moco_log(MOCO_LOG_WARNING,
                 "dataset: shards in %s have the names of several splits (%s, %s), but all of them are taken; put them "
                 "into folders train and val, or give the range of one split",
                 root, paths[0], paths[count - 1]);
    }
}
