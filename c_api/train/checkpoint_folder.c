/* Names the checkpoints in a run's folder, finds the newest complete one, and deletes old ones. */
#include "moco/checkpoint.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "formats/safetensors_checksum_internal.h"
#include "train/checkpoint_names_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

moco_status moco_checkpoint_path(char *buffer, size_t size, const char *run, uint64_t step)
{
    MOCO_CHECK_ARG(buffer);
    MOCO_CHECK_ARG(run);
    char name[64];
    (void)snprintf(name, sizeof name, "checkpoints/step_%010" PRIu64 ".safetensors", step);
    return moco__files_join(buffer, size, run, name);
}

/* Reads the step in a file name. Returns false if the name is not that of a checkpoint. */
static bool parse_name(uint64_t *step, const char *name)
{
    static const char prefix[] = "step_";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    char *end;
    const char *digits = name + sizeof prefix - 1;
    const unsigned long long value = strtoull(digits, &end, 10);
    *step = (uint64_t)value;
    return end != digits && *digits >= '0' && *digits <= '9' && strcmp(end, ".safetensors") == 0;
}

static int descending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x > y ? -1 : x < y;
}

/* Lists the steps of a run's checkpoints, newest first. The caller frees *steps. */
static moco_status list_steps(uint64_t **steps, size_t *count, const char *run)
{
    char path[MOCO_PATH_MAX];
    MOCO_TRY(moco__files_join(path, sizeof path, run, "checkpoints"));
    DIR *folder = moco__folder_open(path);
    if (folder == NULL && (errno == ENOENT || errno == ENOTDIR)) {
        return moco_error_set(MOCO_ENOTFOUND, "%s is not a run: cannot open %s: %s", run, path, strerror(errno));
    }
    if (folder == NULL) { /* there may be checkpoints, so a restarted job must not begin anew */
        return moco__files_cannot("list the folder", path, errno);
    }
    uint64_t *list = NULL;
    size_t used = 0;
    moco_status status = MOCO_OK;
    const struct dirent *entry = moco__folder_next(folder);
    int failure = errno;
    for (; entry != NULL && status == MOCO_OK; entry = moco__folder_next(folder), failure = errno) {
        uint64_t step = 0;
        if (!parse_name(&step, entry->d_name)) {
            continue;
        }
        uint64_t *grown = realloc(list, (used + 1) * sizeof *grown);
        if (grown == NULL) {
            status = moco_error_set(MOCO_ENOMEM, "out of memory for %zu names", used + 1);
            continue;
        }
        list = grown;
        list[used++] = step;
    }
    (void)closedir(folder);
    if (status == MOCO_OK && failure != 0) { /* the newest may be among those that are not seen */
        status = moco__files_cannot("list the folder", path, failure);
    }
    if (status != MOCO_OK) {
        free(list);
        return status;
    }
    if (used > 0) {
        qsort(list, used, sizeof *list, descending);
    }
    *steps = list;
    *count = used;
    return MOCO_OK;
}

/* Passes over a damaged file. One that cannot be read now may be whole, and to go back would lose its steps. */
static moco_status check_complete(const char *path, bool reads_tensors)
{
    moco__safetensors *file;
    if (moco__is_directory(path)) {
        return moco_error_set(MOCO_EIO, "%s: a folder is where a checkpoint belongs; move it away", path);
    }
    moco_status status = moco__safetensors_open(&file, path);
    if (status == MOCO_OK) {
        status = reads_tensors ? moco__safetensors_verify(file, path) : MOCO_OK;
        moco__safetensors_free(file);
    }
    if (status != MOCO_EFORMAT && status != MOCO_ENOTFOUND) {
        return status;
    }
    moco_log(MOCO_LOG_WARNING, "skipped a damaged checkpoint: %s", moco_error_message());
    return MOCO_ENOTFOUND;
}

static moco_status find_newest(char *buffer, size_t size, const char *run, bool reads_tensors)
{
    uint64_t *steps = NULL;
    size_t count = 0;
    MOCO_TRY(list_steps(&steps, &count, run));
    moco_status status = MOCO_ENOTFOUND;
    for (size_t i = 0; i < count && status == MOCO_ENOTFOUND; ++i) {
        char path[MOCO_PATH_MAX];
        status = moco_checkpoint_path(path, sizeof path, run, steps[i]);
        if (status == MOCO_OK) {
            status = check_complete(path, reads_tensors);
        }
        if (status == MOCO_OK) {
            (void)snprintf(buffer, size, "%s", path);
        }
    }
    free(steps);
    if (status == MOCO_ENOTFOUND && count > 0) {
        return moco_error_set(MOCO_EFORMAT, "%s/checkpoints: all %zu checkpoints are damaged; start the run again", run,
                              count);
    }
    return status == MOCO_ENOTFOUND
               ? moco_error_set(status, "%s/checkpoints: there is no checkpoint; start the run again", run)
               : status;
}

moco_status moco__checkpoint_find_undamaged(char *buffer, size_t size, const char *run)
{
    return find_newest(buffer, size, run, true);
}

moco_status moco__checkpoint_exists(bool *out, const char *run)
{
    uint64_t *steps = NULL;
    size_t count = 0;
    const moco_status status = list_steps(&steps, &count, run);
    free(steps);
    *out = count > 0;
    return status == MOCO_ENOTFOUND ? MOCO_OK : status;
}

static moco_status find_best(char *buffer, size_t size, const char *run)
{
    MOCO_TRY(moco__checkpoint_best_path(buffer, size, run));
    return moco__files_exist(buffer)
               ? MOCO_OK
               : moco_error_set(MOCO_ENOTFOUND,
                                "%s has no best checkpoint, since no kNN monitor has tested it; the newest is %s/last",
                                run, run);
}

moco_status moco_checkpoint_find(char *buffer, size_t size, const char *path)
{
    MOCO_CHECK_ARG(buffer);
    MOCO_CHECK_ARG(path);
    char run[MOCO_PATH_MAX];
    bool best = false;
    if (moco__is_directory(path)) {
        return find_newest(buffer, size, path, false);
    }
    if (!moco__files_exist(path) && moco__checkpoint_alias(run, sizeof run, &best, path)) {
        return best ? find_best(buffer, size, run) : find_newest(buffer, size, run, false);
    }
    if (!moco__files_exist(path)) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: there is no such run or checkpoint; check the path",
                              path[0] != '\0' ? path : "\"\"");
    }
    const int written = snprintf(buffer, size, "%s", path);
    return written >= 0 && (size_t)written < size
               ? MOCO_OK
               : moco_error_set(MOCO_EINVALID, "%.64s...: the path is too long", path);
}

static void remove_left_overs(const char *run)
{
    char path[MOCO_PATH_MAX];
    if (moco__files_join(path, sizeof path, run, "checkpoints") != MOCO_OK) {
        return;
    }
    DIR *folder = moco__folder_open(path);
    for (const struct dirent *e = folder != NULL ? moco__folder_next(folder) : NULL; e != NULL;
         e = moco__folder_next(folder)) {
        char file[MOCO_PATH_MAX];
        if (strstr(e->d_name, moco__temporary_mark) != NULL &&
            moco__files_join(file, sizeof file, path, e->d_name) == MOCO_OK) {
            (void)unlink(file);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* Returns whether a checkpoint is from the end of every keep_every-th epoch. */
static bool is_milestone(const char *path, int64_t keep_every)
{
    moco_config config;
    moco_config_init(&config, sizeof config);
    moco_position position;
    return keep_every > 0 && moco_checkpoint_read_config(&config, &position, path) == MOCO_OK && position.batch == 0 &&
           position.epoch > 0 && position.epoch % (uint64_t)keep_every == 0;
}

moco_status moco_checkpoint_prune(const char *run, int64_t keep_last, int64_t keep_every)
{
    MOCO_CHECK_ARG(run);
    uint64_t *steps = NULL;
    size_t count = 0;
    MOCO_TRY(list_steps(&steps, &count, run));
    remove_left_overs(run);
    moco_status status = MOCO_OK;
    for (size_t i = keep_last > 1 ? (size_t)keep_last : 1; i < count && status == MOCO_OK; ++i) {
        char path[MOCO_PATH_MAX];
        status = moco_checkpoint_path(path, sizeof path, run, steps[i]);
        if (status == MOCO_OK && !is_milestone(path, keep_every) && unlink(path) != 0) {
            moco_log(MOCO_LOG_WARNING, "%s: cannot delete: %s", path, strerror(errno));
        }
    }
    free(steps);
    return status;
}
