/* Looks at a run from the outside. */
#include "moco/runs.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"
#include "formats/safetensors_read_internal.h"
#include "train/run_lock_internal.h"

#include "moco/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAMP = 20 }; /* bytes of "2026-11-24 11:02:55 " */

/* The last line before an offset; sets *size to that line's begin. */
static const char *line_before(size_t *length, const char *text, size_t *size)
{
    size_t end = *size;
    while (end > 0 && text[end - 1] == '\n') {
        --end;
    }
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != '\n') {
        --begin;
    }
    *length = end - begin;
    *size = begin;
    return end > 0 ? text + begin : NULL;
}

static bool starts_with(const char *line, size_t length, const char *words)
{
    const size_t size = strlen(words);
    return length > STAMP + size && strncmp(line + STAMP, words, size) == 0;
}

/* A run whose last checkpoint is damaged has its last steps before it. A checkpoint that is gone was deleted by
 * someone. */
static moco_status check_end(moco_run_info *out, const char *run, uint64_t last)
{
    char path[MOCO_PATH_MAX];
    moco__safetensors *file = NULL;
    MOCO_TRY(moco_checkpoint_path(path, sizeof path, run, last));
    if (moco__safetensors_open(&file, path) == MOCO_EFORMAT) {
        out->state = MOCO_RUN_STOPPED;
    }
    moco__safetensors_free(file);
    return MOCO_OK;
}

/* Finds the end of the latest session, whose first line names the library. */
static moco_status judge(moco_run_info *out, const char *run, const char *log, size_t size)
{
    size_t length = 0;
    const char *line = NULL;
    while ((line = line_before(&length, log, &size)) != NULL) {
        if (starts_with(line, length, "done: ")) {
            out->state = MOCO_RUN_DONE;
            return check_end(out, run, strtoull(line + STAMP + strlen("done: "), NULL, 10));
        }
        if (starts_with(line, length, "failed: ")) {
            const size_t skip = STAMP + strlen("failed: ");
            out->state = MOCO_RUN_FAILED;
            (void)snprintf(out->failure, sizeof out->failure, "%.*s", (int)(length - skip), line + skip);
            return MOCO_OK;
        }
        if (starts_with(line, length, "stopped at step ") || starts_with(line, length, "libmoco ")) {
            out->state = MOCO_RUN_STOPPED;
            return MOCO_OK;
        }
    }
    return MOCO_OK;
}

/* Reads the last complete line of metrics; a killed run may leave half a line. */
static moco_status find_position(moco_run_info *out, const char *text, size_t size)
{
    size_t length = 0;
    const char *line = NULL;
    bool found = false;
    while (!found && (line = line_before(&length, text, &size)) != NULL) {
        json_t *root = NULL;
        MOCO_TRY(moco__json_read(&root, line, length, 0, NULL));
        const json_t *step = json_object_get(root, "step");
        found = json_is_integer(step) && json_integer_value(step) >= 0;
        if (found) {
            out->step = (uint64_t)json_integer_value(step);
            out->epoch = json_number_value(json_object_get(root, "epoch"));
        }
        json_decref(root);
    }
    return MOCO_OK;
}

/* Reads a file of a run; gives NULL if there is none. */
static moco_status read_text(char **out, size_t *size, const char *run, const char *name)
{
    char path[MOCO_PATH_MAX];
    *out = NULL;
    *size = 0;
    MOCO_TRY(moco__files_join(path, sizeof path, run, name));
    return moco__files_exist(path) ? moco__file_read(out, size, path) : MOCO_OK;
}

moco_status moco_run_inspect(moco_run_info *out, const char *run)
{
    moco_run_info info = { .state = MOCO_RUN_NEW };
    char *text = NULL;
    size_t size = 0;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(run);
    if (!moco__files_exist_in(run, "config.yaml") && !moco__files_exist_in(run, "metrics.jsonl")) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: no config.yaml or metrics.jsonl is there; give the folder of a run",
                              run);
    }
    MOCO_TRY(read_text(&text, &size, run, "metrics.jsonl"));
    moco_status status = text != NULL ? find_position(&info, text, size) : MOCO_OK;
    free(text);
    MOCO_TRY(status);
    info.state = info.step > 0 ? MOCO_RUN_STOPPED : MOCO_RUN_NEW; /* if there is no log */
    MOCO_TRY(read_text(&text, &size, run, "train.log"));
    status = text != NULL ? judge(&info, run, text, size) : MOCO_OK;
    free(text);
    MOCO_TRY(status);
    if (moco__run_is_locked(run)) {
        info.state = MOCO_RUN_RUNNING;
        info.failure[0] = '\0';
    }
    *out = info;
    return MOCO_OK;
}

const char *moco_run_state_name(moco_run_state state)
{
    static const char *const names[] = {
#define NAME(identifier, name) name,
        MOCO_RUN_STATE_MAP(NAME)
#undef NAME
    };
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : NULL;
}
