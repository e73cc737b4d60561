/*
 * Opens CIFAR-10 and CIFAR-100 in the binary version, and loads them into memory.
 *
 * A file is a sequence of records: one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100; the fine one is
 * taken), then 3 planes of 32 x 32 bytes.
 */
#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "dataset/class_names_internal.h"
#include "dataset/dataset_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, IMAGE_BYTES = 3 * SIDE * SIDE, MAX_FILES = 5 };

/* One of the two datasets. */
typedef struct cifar_kind {
    const char *title;
    size_t label_bytes; /* per record; the last of them is the label */
    size_t class_count;
    const char *names_file;
    const char *train_files[MAX_FILES + 1];
    const char *test_files[MAX_FILES + 1];
} cifar_kind;

static const cifar_kind kinds[] = {
    { "CIFAR-10",
      1,
      10,
      "batches.meta.txt",
      { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", NULL },
      { "test_batch.bin", NULL } },
    { "CIFAR-100", 2, 100, "fine_label_names.txt", { "train.bin", NULL }, { "test.bin", NULL } },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

typedef struct cifar_state {
    size_t record_bytes;
    size_t file_count;
    struct {
        char *path;
        uint8_t *records;
        size_t count;
    } files[MAX_FILES];
} cifar_state;

/* Returns the file that holds image *index; *index becomes the index within that file. */
static size_t locate(const cifar_state *state, size_t *index)
{
    size_t file = 0;
    while (*index >= state->files[file].count) {
        *index -= state->files[file].count;
        ++file;
    }
    return file;
}

static void name_of(const moco_dataset *dataset, size_t index, char *buffer, size_t size)
{
    const cifar_state *state = dataset->state;
    const size_t file = locate(state, &index);
    (void)snprintf(buffer, size, "%s[%zu]", state->files[file].path, index);
}

static moco_status read_image(const moco_dataset *dataset, moco_image *image, size_t index)
{
    const cifar_state *state = dataset->state;
    const size_t file = locate(state, &index);
    const uint8_t *record = state->files[file].records + index * state->record_bytes;
    return moco_image_set(image, MOCO_FRAME_PLANAR, SIDE, SIDE, 0, record + (state->record_bytes - IMAGE_BYTES));
}

static void close_state(moco_dataset *dataset)
{
    cifar_state *state = dataset->state;
    if (state != NULL) {
        for (size_t i = 0; i < state->file_count; ++i) {
            free(state->files[i].path);
            free(state->files[i].records);
        }
        free(state);
    }
}

static const moco__dataset_ops cifar_ops = { read_image, name_of, NULL, NULL, close_state, NULL, NULL };

/* Loads a file, whose size must be a multiple of a record's. */
static moco_status load_records(uint8_t **records, size_t *count, const char *path, const cifar_kind *kind)
{
    const size_t record = kind->label_bytes + IMAGE_BYTES;
    char *bytes = NULL;
    size_t size = 0;
    MOCO_TRY(moco__file_read(&bytes, &size, path));
    if (size == 0 || size % record != 0) {
        free(bytes);
        return moco_error_set(MOCO_EFORMAT,
                              "dataset: %s has %zu bytes, not a multiple of the %zu of a %s record; it is truncated "
                              "or another file",
                              path, size, record, kind->title);
    }
    *records = (uint8_t *)bytes;
    *count = size / record;
    return MOCO_OK;
}

static moco_status add_file(moco_dataset *dataset, const char *path, const cifar_kind *kind)
{
    cifar_state *state = dataset->state;
    uint8_t *records = NULL;
    size_t count = 0;
    MOCO_TRY(load_records(&records, &count, path, kind));
    const size_t slot = state->file_count++;
    state->files[slot].records = records;
    state->files[slot].count = count;
    state->files[slot].path = strdup(path);
    if (state->files[slot].path == NULL) {
        return moco_error_set(MOCO_ENOMEM, "dataset: out of memory for the name %s", path);
    }
    dataset->count += count;
    return MOCO_OK;
}

static moco_status take_labels(moco_dataset *dataset, const cifar_kind *kind)
{
    const cifar_state *state = dataset->state;
    dataset->labels = moco__calloc(dataset->count, sizeof *dataset->labels);
    if (dataset->labels == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < dataset->count; ++i) {
        size_t index = i;
        const size_t file = locate(state, &index);
        const uint8_t label = state->files[file].records[index * state->record_bytes + kind->label_bytes - 1];
        if (label >= kind->class_count) {
            return moco_error_set(MOCO_EFORMAT, "dataset: %s[%zu] has label %u, but %s has %zu classes",
                                  state->files[file].path, index, label, kind->title, kind->class_count);
        }
        dataset->labels[i] = label;
    }
    dataset->class_count = kind->class_count;
    return MOCO_OK;
}

/* Reads one name per line until every class has one. */
static moco_status read_names(moco_dataset *dataset, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < dataset->class_count && getline(&line, &room, file) >= 0 && status == MOCO_OK;) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0') {
            continue;
        }
        dataset->class_names[i] = strdup(line);
        if (dataset->class_names[i++] == NULL) {
            status = moco_error_set(MOCO_ENOMEM, "dataset: out of memory for names of classes");
        }
    }
    free(line);
    return status;
}

/* Takes the names of the classes from the file beside the images, or else the published ones. */
static moco_status take_names(moco_dataset *dataset, const char *folder, const cifar_kind *kind)
{
    char *path = moco__files_join_new(folder, kind->names_file);
    if (path == NULL) {
        return MOCO_ENOMEM;
    }
    const int descriptor = moco__open(path, O_RDONLY);
    free(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    if (file == NULL) {
        (void)moco__close(descriptor); /* which may not be open */
        return moco__class_names_cifar(dataset);
    }
    moco_status status = moco__dataset_alloc_names(dataset, kind->class_count);
    if (status == MOCO_OK) {
        status = read_names(dataset, file);
    }
    (void)fclose(file);
    if (status == MOCO_OK && dataset->class_names[kind->class_count - 1] == NULL) {
        moco_log(MOCO_LOG_WARNING, "dataset: %s in %s has fewer than %zu names", kind->names_file, folder,
                 kind->class_count);
    }
    return status;
}

static bool lists(const char *const *files, const char *name)
{
    for (; *files != NULL; ++files) {
        if (strcmp(*files, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns which of the two datasets a folder holds, or NULL. */
static const cifar_kind *kind_of_folder(const char *folder)
{
    for (size_t i = 0; i < KIND_COUNT; ++i) {
        if (moco__files_exist_in(folder, kinds[i].train_files[0]) ||
            moco__files_exist_in(folder, kinds[i].test_files[0])) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* Only CIFAR-100 has files called train.bin and test.bin; any other file is read as CIFAR-10. */
static const cifar_kind *kind_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return lists(kinds[1].train_files, name) || lists(kinds[1].test_files, name) ? &kinds[1] : &kinds[0];
}

static bool is_cifar(const char *path, bool is_file)
{
    if (!is_file) {
        return kind_of_folder(path) != NULL;
    }
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".bin") == 0;
}

static moco_status add_split(moco_dataset *dataset, const char *folder, const cifar_kind *kind, moco_split split)
{
    const char *const *files = split == MOCO_SPLIT_TRAIN ? kind->train_files : kind->test_files;
    for (; *files != NULL; ++files) {
        char *path = moco__files_join_new(folder, *files);
        if (path == NULL) {
            return MOCO_ENOMEM;
        }
        const moco_status status = add_file(dataset, path, kind);
        free(path);
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

static moco_status open_cifar(moco_dataset *dataset, const char *path, bool is_file,
                              const moco_dataset_options *options)
{
    const cifar_kind *kind = is_file ? kind_of_file(path) : kind_of_folder(path);
    if (kind == NULL) {
        return moco_error_set(
            MOCO_ENOTFOUND,
            "dataset: %s has neither data_batch_1.bin (CIFAR-10) nor train.bin (CIFAR-100), nor their "
            "test files; unpack the binary version",
            path);
    }
    cifar_state *state = moco__calloc(1, sizeof *state);
    if (state == NULL) {
        return MOCO_ENOMEM;
    }
    state->record_bytes = kind->label_bytes + IMAGE_BYTES;
    dataset->ops = &cifar_ops;
    dataset->state = state;
    dataset->format = MOCO_FORMAT_CIFAR;
    MOCO_TRY(is_file ? add_file(dataset, path, kind) : add_split(dataset, path, kind, options->split));
    MOCO_TRY(take_labels(dataset, kind));
    return is_file ? moco__class_names_cifar(dataset) : take_names(dataset, path, kind);
}

const moco__dataset_kind moco__dataset_cifar = {
    .format = MOCO_FORMAT_CIFAR,
    .file = "a CIFAR binary file",
    .has_split_files = true,
    .recognise = is_cifar,
    .open = open_cifar,
};
