/*
 * Opens lists of image files: a text file with one path per line, relative to the list's folder.
 *
 * Behind a tab or a blank a line may have the image's class. A path ends in the ending of an image file, so that it may
 * have blanks itself: "my photos/cat 1.jpg 3". Classes are numbers from 0 if all lines have one; else they are names,
 * numbered in bytewise order. Empty lines are skipped. All files must be there,
 * unless broken images are skipped: then reading a missing one fails, with its line.
 */
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/dataset_split_internal.h"
#include "dataset/file_identity_internal.h"
#include "dataset/list_line_internal.h"
#include "dataset/shard_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

typedef struct list_state {
    char *path;
    char *folder; /* of the list, with a slash at its end; "" if it is the present one */
    char *text;
    moco__list_line *lines; /* one per image */
    size_t room;
} list_state;

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const list_state *state = dataset->state;
    const char *path = state->lines[index].path;
    (void)snprintf(buffer, size, "%s%s", path[0] == '/' ? "" : state->folder, path);
}

static moco_status whole_path(char path[PATH_MAX], const moco_dataset *dataset, size_t index)
{
    const list_state *state = dataset->state;
    const char *name = state->lines[index].path;
    const int length = snprintf(path, PATH_MAX, "%s%s", name[0] == '/' ? "" : state->folder, name);
    return length < PATH_MAX
               ? MOCO_OK
               : moco_error_set(MOCO_EIO, "%s:%zu: the path is longer than %d bytes; move the data higher up",
                                state->path, state->lines[index].number, PATH_MAX - 1);
}

/* Says which line has a file that is missing. */
static moco_status name_line(moco_status status, const moco_dataset *dataset, size_t index)
{
    const list_state *state = dataset->state;
    char text[2 * PATH_MAX];
    if (status != MOCO_ENOTFOUND) {
        return status;
    }
    (void)snprintf(text, sizeof text, "%s", moco_error_message());
    return moco_error_set(status, "%s (line %zu of %s)", text, state->lines[index].number, state->path);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    char path[PATH_MAX];
    MOCO_TRY(whole_path(path, dataset, index));
    return name_line(moco_image_read(image, path), dataset, index);
}

static moco_status fetch_file(const moco_dataset *dataset, moco__bytes *out, size_t index)
{
    char path[PATH_MAX];
    char *bytes = NULL;
    size_t size = 0;
    MOCO_TRY(whole_path(path, dataset, index));
    MOCO_TRY(name_line(moco__file_read(&bytes, &size, path), dataset, index));
    moco__bytes_free(out);
    *out = (moco__bytes){ (uint8_t *)bytes, size, size };
    return MOCO_OK;
}

static uint64_t size_of(const moco_dataset *dataset, size_t index)
{
    char path[PATH_MAX];
    struct stat info;
    return whole_path(path, dataset, index) == MOCO_OK && stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static uint64_t identity_of(const moco_dataset *dataset, size_t index)
{
    const list_state *state = dataset->state;
    return state->lines[index].identity;
}

static void close_state(moco_dataset *dataset)
{
    list_state *state = dataset->state;
    if (state != NULL) {
        free(state->path);
        free(state->folder);
        free(state->text);
        free(state->lines);
        free(state);
    }
}

static const moco__dataset_ops list_ops = { read_image, name_of, fetch_file, NULL, close_state, size_of, identity_of };

/* ---- Lines ---- */

/* Reads all lines; their texts stay in the file's text. */
static moco_status read_lines(moco_dataset *dataset, list_state *state, size_t size)
{
    char *at = state->text;
    char *end = at + size;
    at += size >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (size_t number = 1; at < end; ++number) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop != NULL ? stop : end;
        moco__list_line line = { .number = number };
        bool is_empty = false;
        MOCO_TRY(moco__list_line_read(&line, &is_empty, at, stop, state->path));
        if (!is_empty) {
            MOCO_GROW(state->lines, state->room, dataset->count, 1);
            state->lines[dataset->count++] = line;
        }
        at = stop + 1;
    }
    return dataset->count > 0
               ? MOCO_OK
               : moco_error_set(MOCO_EFORMAT, "%s: the list is empty; write the path of an image per line",
                                state->path);
}

static moco_status refuse_file(const list_state *state, size_t number, const char *path, const char *why)
{
    return moco_error_set(why != NULL ? MOCO_ENOTFOUND : MOCO_EFORMAT,
                          "%s:%zu: %s: %s; paths are relative to the folder of the list. Mend the line, or use "
                          "skip_broken to leave such images out",
                          state->path, number, path, why != NULL ? why : "is not a regular file");
}

static moco_status check_files(const moco_dataset *dataset, list_state *state, bool skip_broken)
{
    char path[PATH_MAX];
    struct stat info;
    for (size_t i = 0; i < dataset->count; ++i) {
        MOCO_TRY(whole_path(path, dataset, i));
        const char *why = stat(path, &info) == 0 ? NULL : strerror(errno);
        const bool is_file = why == NULL && S_ISREG(info.st_mode);
        if (!is_file && !skip_broken) {
            return refuse_file(state, state->lines[i].number, path, why);
        }
        state->lines[i].identity = is_file ? moco__file_identity(info.st_dev, info.st_ino) : 0;
    }
    return MOCO_OK;
}

/* ---- Classes ---- */

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static moco_status take_numbers(moco_dataset *dataset, const list_state *state)
{
    for (size_t i = 0; i < dataset->count; ++i) {
        const char *text = state->lines[i].label;
        const long value = strlen(text) < 19 ? strtol(text, NULL, 10) : MOCO__CLASSES_MAX;
        if (value >= MOCO__CLASSES_MAX) {
            return moco_error_set(MOCO_EFORMAT, "%s:%zu: the class %s is too large; number classes from 0, below %d",
                                  state->path, state->lines[i].number, text, MOCO__CLASSES_MAX);
        }
        dataset->labels[i] = (int32_t)value;
        dataset->class_count = (size_t)value >= dataset->class_count ? (size_t)value + 1 : dataset->class_count;
    }
    return MOCO_OK;
}

/* `names` has room for one per image. */
static moco_status take_names(moco_dataset *dataset, const list_state *state, const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < dataset->count; ++i) {
        names[i] = state->lines[i].label;
    }
    qsort(names, dataset->count, sizeof *names, compare_names);
    for (size_t i = 0; i < dataset->count; ++i) {
        if (count == 0 || strcmp(names[count - 1], names[i]) != 0) {
            names[count++] = names[i];
        }
    }
    MOCO_TRY(moco__dataset_alloc_names(dataset, count));
    for (size_t i = 0; i < count; ++i) {
        dataset->class_names[i] = strdup(names[i]);
        if (dataset->class_names[i] == NULL) {
            return moco_error_set(MOCO_ENOMEM, "%s: out of memory for the names of classes", state->path);
        }
    }
    for (size_t i = 0; i < dataset->count; ++i) {
        const char **found = bsearch(&state->lines[i].label, names, count, sizeof *names, compare_names);
        dataset->labels[i] = (int32_t)(found - names);
    }
    return MOCO_OK;
}

static moco_status take_labels(moco_dataset *dataset, const list_state *state)
{
    bool numbers = true;
    const bool labelled = state->lines[0].label != NULL;
    for (size_t i = 0; i < dataset->count; ++i) {
        const char *label = state->lines[i].label;
        if ((label != NULL) != labelled) {
            return moco_error_set(MOCO_EFORMAT,
                                  "%s:%zu: this line has %s class, but line %zu has %s; give all lines one, or none",
                                  state->path, state->lines[i].number, labelled ? "no" : "a", state->lines[0].number,
                                  labelled ? "one" : "none");
        }
        numbers = numbers && labelled && label[strspn(label, "0123456789")] == '\0';
    }
    if (!labelled) {
        return MOCO_OK;
    }
    const char **names = moco__calloc(dataset->count, sizeof *names);
    dataset->labels = moco__calloc(dataset->count, sizeof *dataset->labels);
    moco_status status = names != NULL && dataset->labels != NULL ? MOCO_OK : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        status = numbers ? take_numbers(dataset, state) : take_names(dataset, state, names);
    }
    free(names);
    return status;
}

/* ---- Opening ---- */

static moco_status open_list(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *options)
{
    size_t size = 0;
    list_state *state = moco__calloc(1, sizeof *state);
    if (state == NULL) {
        return MOCO_ENOMEM;
    }
    dataset->ops = &list_ops;
    dataset->state = state;
    dataset->format = MOCO_FORMAT_LIST;
    if (is_file) {
        state->path = strdup(path);
    } else {
        MOCO_TRY(moco__split_list(&state->path, path, options->split));
    }
    state->folder = state->path != NULL ? strdup(state->path) : NULL;
    if (state->folder == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
    }
    char *slash = strrchr(state->folder, '/');
    *(slash != NULL ? slash + 1 : state->folder) = '\0';
    MOCO_TRY(moco__file_read(&state->text, &size, state->path));
    MOCO_TRY(read_lines(dataset, state, size));
    MOCO_TRY(check_files(dataset, state, options->skip_broken));
    return take_labels(dataset, state);
}

static bool is_list(const char *path, bool is_file)
{
    const size_t length = strlen(path);
    return is_file && length > 4 && strcasecmp(path + length - 4, ".txt") == 0;
}

const moco__dataset_kind moco__dataset_list = {
    .format = MOCO_FORMAT_LIST,
    .file = "a list of images (.txt)",
    .has_split_files = true,
    .recognise = is_list,
    .open = open_list,
};
