/* Opens a dataset: finds out what kind of dataset a path holds, and has that kind open it. */
#include "base/descriptor_internal.h"
#include "base/file_nature_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "dataset/cifar_advice_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/dataset_split_internal.h"
#include "dataset/image_name_internal.h"
#include "dataset/shard_pattern_internal.h"
#include "formats/command_source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The kinds of datasets on disk, in the order in which a path is compared with them. */
#define KINDS(X)                                                                                                       \
    X(moco__dataset_cifar)                                                                                             \
    X(moco__dataset_idx)                                                                                               \
    X(moco__dataset_tar)                                                                                               \
    X(moco__dataset_list)                                                                                              \
    X(moco__dataset_folder)

/* NOLINTBEGIN(bugprone-macro-parentheses): both take a bare name. */
#define KIND_DECLARE(kind) extern const moco__dataset_kind kind;
KINDS(KIND_DECLARE)
#undef KIND_DECLARE

#define KIND_ROW(kind) &kind,
/* NOLINTEND(bugprone-macro-parentheses) */
static const moco__dataset_kind *const kinds[] = { KINDS(KIND_ROW) };
#undef KIND_ROW
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static const moco__dataset_kind *kind_of_format(moco_format format)
{
    for (size_t i = 0; i < KIND_COUNT; ++i) {
        if (kinds[i]->format == format || kinds[i]->other_format == format) {
            return kinds[i];
        }
    }
    return NULL;
}

static moco_status check_options(const moco_dataset_options *o)
{
    if (o->format != MOCO_FORMAT_AUTO && kind_of_format(o->format) == NULL) {
        return moco_error_set(MOCO_EINVALID, "dataset: format %d is not a moco_format", (int)o->format);
    }
    if (o->split != MOCO_SPLIT_TRAIN && o->split != MOCO_SPLIT_TEST) {
        return moco_error_set(MOCO_EINVALID, "dataset: split %d is neither train nor test", (int)o->split);
    }
    return MOCO_OK;
}

/* Returns the kind of a path, or NULL if it is a file of another kind. */
static const moco__dataset_kind *recognise(const char *path, bool is_file)
{
    for (size_t i = 0; i < KIND_COUNT; ++i) {
        if (kinds[i]->recognise(path, is_file)) {
            return kinds[i];
        }
    }
    return NULL;
}

/* Returns what to do with a file of a known kind; NULL: nothing special. */
static const char *advice_of(const char *path)
{
    return moco__is_image_name(path) ? "one image; give its folder" : moco__path_nature(path);
}

/* A file that cannot be read is of no kind. */
static moco_status check_readable(const char *path)
{
    unsigned char byte;
    size_t got = 0;
    const int descriptor = moco__open(path, O_RDONLY);
    const int error = descriptor >= 0 ? moco__read_at(&got, &byte, descriptor, 1, 0) : errno;
    if (descriptor >= 0) {
        (void)moco__close(descriptor);
    }
    return error == 0 ? MOCO_OK : moco__files_cannot("read", path, error);
}

static moco_status refuse_file(const char *path)
{
    char known[256] = "";
    MOCO_TRY(check_readable(path));
    const char *nature = advice_of(path);
    for (size_t i = 0; i < KIND_COUNT; ++i) {
        if (kinds[i]->file != NULL) { /* NOLINT(clang-analyzer-core.NullDereference): no entry is NULL */
            const size_t used = strlen(known);
            (void)snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? " nor " : "", kinds[i]->file);
        }
    }
    return moco_error_set(MOCO_EFORMAT, "dataset: %s is %s%sneither %s; give a folder of images, or one of those files",
                          path, nature != NULL ? nature : "", nature != NULL ? ". It is " : "", known);
}

/* Counts what looks like images in a folder whose images are in files of another kind. */
static void note_unused(moco_dataset *dataset, const char *path)
{
    DIR *stream = moco__folder_open(path);
    if (stream == NULL) {
        return;
    }
    for (const struct dirent *e = moco__folder_next(stream); e != NULL; e = moco__folder_next(stream)) {
        if (e->d_name[0] != '.' && (e->d_type == DT_DIR || moco__is_image_name(e->d_name))) {
            moco__left_out_note(&dataset->left_out, MOCO__LEFT_UNUSED, NULL, e->d_name);
        }
    }
    (void)closedir(stream);
}

/* Adds what to do to the message about a path that is of no kind. */
static moco_status add_advice(const char *path, moco_status status)
{
    char why[2 * MOCO_PATH_MAX];
    const char *advice = status == MOCO_EFORMAT || status == MOCO_ENOTFOUND ? moco__cifar_advice(path) : NULL;
    if (advice == NULL) {
        return status;
    }
    (void)snprintf(why, sizeof why, "%s", moco_error_message());
    return moco_error_set(status, "%s; %s", why, advice);
}

static moco_status open_path(moco_dataset *dataset, const char *path, bool is_file, const moco_dataset_options *o)
{
    const moco__dataset_kind *kind =
        o->format == MOCO_FORMAT_AUTO ? recognise(path, is_file) : kind_of_format(o->format);
    if (kind == NULL || (is_file && kind->file == NULL)) {
        return refuse_file(path);
    }
    MOCO_TRY(kind->open(dataset, path, is_file, o));
    dataset->split = o->split;
    dataset->has_split = kind->has_split_files && !is_file;
    if (dataset->has_split && dataset->format != MOCO_FORMAT_LIST) {
        note_unused(dataset, path);
    }
    return kind->has_split_files || is_file ? moco__split_note_path(dataset, path)
                                            : moco__split_note_folder(dataset, path);
}

/* Commands run only if the caller trusts them. */
static moco_status check_command(const char *path, const moco_dataset_options *o)
{
    if (!o->pipes) {
        return moco_error_set(MOCO_EINVALID,
                              "dataset: \"%s\" is a command, and commands are not taken from files; give it on the "
                              "command line (in C: moco_dataset_options.pipes)",
                              path);
    }
    return o->format == MOCO_FORMAT_AUTO || o->format == MOCO_FORMAT_TAR
               ? MOCO_OK
               : moco_error_set(MOCO_EINVALID, "dataset: \"%s\" is a command, which writes tar; use format tar", path);
}

/* Whoever may not look into a folder would find none of the files by which its kind is known, or seem to find all. */
static moco_status check_folder(const char *path)
{
    struct stat info;
    DIR *stream = moco__folder_open(path);
    const bool is_open = stream != NULL && fstatat(dirfd(stream), ".", &info, 0) == 0;
    const int error = errno;
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return is_open ? MOCO_OK : moco__files_cannot("list the folder", path, error);
}

static moco_status check_path(bool *is_file, const char *path, const moco_dataset_options *o)
{
    struct stat info;
    if (moco__command_is(path)) {
        *is_file = true;
        return check_command(path, o);
    }
    if (stat(path, &info) != 0) {
        const int error = errno;
        if (error != EACCES && moco__shard_pattern_is(path)) {
            *is_file = true;
            return MOCO_OK;
        }
        return moco__files_cannot("open", path, error);
    }
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
        return moco_error_set(MOCO_EFORMAT, "dataset: %s is neither a folder nor a regular file", path);
    }
    *is_file = S_ISREG(info.st_mode);
    return *is_file ? MOCO_OK : check_folder(path);
}

MOCO__DEFINE_INIT(moco_dataset_options, MOCO_DATASET_OPTIONS_INIT)

moco_status moco_dataset_open(moco_dataset **out, const char *path, const moco_dataset_options *options)
{
    moco_dataset_options o;
    bool is_file = false;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(path);
    MOCO__READ_OPTIONS(&o, options, MOCO_DATASET_OPTIONS_INIT);
    MOCO_TRY(check_options(&o));
    MOCO_TRY(check_path(&is_file, path, &o));
    moco_dataset *dataset = moco__handle_alloc(sizeof *dataset);
    if (dataset == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = open_path(dataset, path, is_file, &o);
    if (status != MOCO_OK) {
        moco_dataset_free(dataset);
        return add_advice(path, status);
    }
    moco__left_out_log(&dataset->left_out, dataset->place);
    *out = dataset;
    return MOCO_OK;
}

bool moco_dataset_has_split(const char *path, const moco_dataset_options *options)
{
    struct stat info;
    if (path == NULL || moco__command_is(path) || stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return false; /* a single file is the same dataset under both splits */
    }
    const bool is_given = options != NULL && options->format != MOCO_FORMAT_AUTO;
    const moco__dataset_kind *kind = is_given ? kind_of_format(options->format) : recognise(path, false);
    if (kind == NULL || !kind->has_split_files) {
        return moco__split_has_folders(path);
    }
    moco_dataset *dataset;
    if (moco_dataset_open(&dataset, path, options) != MOCO_OK) {
        return false;
    }
    moco_dataset_free(dataset);
    return true;
}
