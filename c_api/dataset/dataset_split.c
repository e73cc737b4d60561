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
    FEW = 4,  /* folders in which splits are looked for too */
    MANY = 8, /* folders, beyond which names count by their first word alone */
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

/* What the name of a folder or shard says: that it is a split to train on, one to test on, or neither. */
typedef enum meaning { NO_SPLIT, TRAINS, TESTS } meaning;

/* Returns what a word means, by itself or with what it is a split of, as in "trainset". */
static meaning meaning_of(const char *word, size_t length)
{
    static const char *const more[] = { "training", "trn",     "testing",   "tst",        "evaluation",
                                        "holdout",  "heldout", "unlabeled", "unlabelled", "pred",
                                        "fold",     "folds",   "split",     "splits" };
    static const char *const ends[] = { "", "set", "data", "images", "imgs", "dir" };
    for (size_t i = 0; i < KNOWN + sizeof more / sizeof more[0]; ++i) {
        const char *split = i < KNOWN ? known[i] : more[i - KNOWN];
        const size_t begin = strlen(split);
        for (size_t e = 0; e < sizeof ends / sizeof ends[0]; ++e) {
            if (length == begin + strlen(ends[e]) && strncasecmp(word, split, begin) == 0 &&
                strncasecmp(word + begin, ends[e], length - begin) == 0) {
                return strncasecmp(split, "tr", 2) == 0 ? TRAINS : TESTS;
            }
        }
    }
    return NO_SPLIT;
}

/* Returns what a name means by one of its words, as "train2017", "Val_set", "trainA" and, unless `first` alone counts,
 * "seg_train". */
static meaning meaning_of_name(const char *name, bool first)
{
    meaning found = NO_SPLIT;
    for (size_t begin = 0; name[begin] != '\0' && found == NO_SPLIT;) {
        size_t end = begin;
        while (isalpha((unsigned char)name[end]) &&
               !(end > begin && isupper((unsigned char)name[end]) && islower((unsigned char)name[end - 1]))) {
            ++end;
        }
        found = meaning_of(name + begin, end - begin);
        if (first) {
            return found;
        }
        begin = end > begin ? end : end + 1;
    }
    return found;
}

/* Returns whether names are those of splits: all of them, or one for training and another. Paths count by their end. */
static bool look_like_splits(char *const *names, size_t count, bool all_suffice, bool first)
{
    size_t found[TESTS + 1] = { 0 };
    for (size_t i = 0; i < count; ++i) {
        const char *slash = strrchr(names[i], '/');
        found[meaning_of_name(slash != NULL ? slash + 1 : names[i], first)] += 1;
    }
    return (found[TRAINS] > 0 && found[TESTS] > 0) || (all_suffice && count > 0 && found[NO_SPLIT] == 0);
}

void moco__split_warn_of_folders(const char *root, char *const *names, size_t count, bool are_classes)
{
    const char *taken = are_classes ? "they are taken for classes" : "all of them are taken for one set without labels";
    /* Among many classes there may be a steam_train and a tape_test. */
    if (look_like_splits(names, count, true, count > MANY)) {
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
    if (look_like_splits(paths, count, false, false)) {
        moco_log(MOCO_LOG_WARNING,
                 "dataset: shards in %s have the names of several splits (%s, %s), but all of them are taken; put them "
                 "into folders train and val, or give the range of one split",
                 root, paths[0], paths[count - 1]);
    }
}
