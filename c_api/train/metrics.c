/* Writes the metrics of a run: a line of JSON in metrics.jsonl for each report, and the same for TensorBoard. */
#include "train/metrics_internal.h"

#include "base/c_locale_internal.h"
#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"
#include "base/utf8_internal.h"
#include "train/log_tfevents_internal.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct moco_metrics {
    moco__stream stream;
    char path[MOCO_PATH_MAX];
    moco__tfevents *events;
};

/* Reads the step of a line; infinity if it is not a complete line of metrics. */
static moco_status line_step(double *step, const char *line, size_t length)
{
    json_t *root = NULL;
    MOCO_TRY(moco__json_read(&root, line, length, 0, NULL));
    const json_t *value = json_object_get(root, "step");
    *step = json_is_number(value) ? json_number_value(value) : (double)INFINITY;
    json_decref(root);
    return MOCO_OK;
}

/* Copies the complete lines up to a step, without what a killed run left half-written. *damaged counts other lines that
 * are none of metrics. */
static moco_status copy_lines(moco__file *file, size_t *damaged, const char *text, size_t size, uint64_t last)
{
    size_t begin = 0;
    *damaged = 0;
    while (begin < size) {
        const char *newline = memchr(text + begin, '\n', size - begin);
        const size_t length = newline != NULL ? (size_t)(newline - text) - begin : size - begin;
        double step = 0;
        MOCO_TRY(line_step(&step, text + begin, length));
        if (isfinite(step) && step <= (double)last) {
            MOCO_TRY(moco__file_put(file, text + begin, length));
            MOCO_TRY(moco__file_put(file, "\n", 1));
        }
        begin += length + 1;
        *damaged += isfinite(step) || begin >= size ? 0 : 1;
    }
    return MOCO_OK;
}

static moco_status drop_later(const char *path, uint64_t last)
{
    char *text;
    size_t size;
    moco_status status = moco__file_read(&text, &size, path);
    if (status != MOCO_OK) {
        return status == MOCO_ENOTFOUND ? MOCO_OK : status;
    }
    moco__file file;
    size_t damaged = 0;
    status = moco__file_begin(&file, path);
    if (status == MOCO_OK) {
        status = copy_lines(&file, &damaged, text, size, last);
        if (status == MOCO_OK) {
            status = moco__file_commit(&file);
        } else {
            moco__file_abort(&file);
        }
    }
    free(text);
    if (damaged > 0) {
        moco_log(MOCO_LOG_WARNING, "%s: left out %zu damaged line%s", path, damaged, damaged == 1 ? "" : "s");
    }
    return status;
}

static moco_status open_files(moco_metrics *metrics, const char *run, uint64_t step, bool tensorboard)
{
    MOCO_TRY(moco__files_join(metrics->path, sizeof metrics->path, run, "metrics.jsonl"));
    MOCO_TRY(drop_later(metrics->path, step));
    const int error = moco__stream_open(&metrics->stream, metrics->path, O_APPEND);
    if (error != 0) {
        return moco__files_cannot("open", metrics->path, error);
    }
    return tensorboard ? moco__tfevents_open(&metrics->events, run, step) : MOCO_OK;
}

moco_status moco_metrics_open(moco_metrics **out, const char *run, uint64_t step, bool tensorboard)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(run);
    moco_metrics *metrics = moco__handle_alloc(sizeof *metrics);
    if (metrics == NULL) {
        return MOCO_ENOMEM;
    }
    metrics->stream.descriptor = -1;
    const moco_status status = open_files(metrics, run, step, tensorboard);
    if (status != MOCO_OK) {
        moco_metrics_free(metrics);
        return status;
    }
    *out = metrics;
    return MOCO_OK;
}

/* JSON has neither NaN nor infinities. */
static bool is_writable(double value)
{
    return isfinite(value);
}

/* Names are written as they are. */
static bool is_name(const char *name)
{
    bool is_plain = moco__is_utf8(name, strlen(name));
    for (const char *c = name; *c != '\0'; ++c) {
        is_plain = is_plain && *c != '"' && *c != '\\' && (unsigned char)*c >= 0x20;
    }
    return is_plain;
}

static int put_line(moco__stream *stream, uint64_t step, double epoch, const moco_metric *values, size_t count)
{
    char text[64];
    int length = snprintf(text, sizeof text, "{\"step\": %llu, \"epoch\": %.9g", (unsigned long long)step, epoch);
    int error = moco__stream_put(stream, text, (size_t)length);
    for (size_t i = 0; i < count && error == 0; ++i) {
        if (is_writable(values[i].value)) {
            length = snprintf(text, sizeof text, "\": %.9g", values[i].value);
            error = moco__stream_put(stream, ", \"", 3);
            error = error != 0 ? error : moco__stream_put(stream, values[i].name, strlen(values[i].name));
            error = error != 0 ? error : moco__stream_put(stream, text, (size_t)length);
        }
    }
    error = error != 0 ? error : moco__stream_put(stream, "}\n", 2);
    return error != 0 ? error : moco__stream_flush(stream);
}

moco_status moco_metrics_write(moco_metrics *metrics, uint64_t step, double epoch, const moco_metric *values,
                               size_t count)
{
    MOCO_CHECK_ARG(metrics);
    if (values == NULL && count > 0) {
        return moco_error_set(MOCO_EINVALID, "metrics: values is NULL, but their count is %zu", count);
    }
    for (size_t i = 0; i < count; ++i) {
        if (values[i].name == NULL) {
            return moco_error_set(MOCO_EINVALID, "metrics: values[%zu].name is NULL", i);
        }
        if (!is_name(values[i].name)) {
            return moco_error_set(MOCO_EINVALID,
                                  "metrics: the name \"%.40s\" has quotes, backslashes or control "
                                  "characters, or is not UTF-8; give another one",
                                  values[i].name);
        }
    }
    MOCO__IN_C_LOCALE;
    const int error = put_line(&metrics->stream, step, epoch, values, count);
    if (error != 0) {
        return moco__files_cannot("write", metrics->path, error);
    }
    return metrics->events != NULL ? moco__tfevents_write(metrics->events, step, values, count) : MOCO_OK;
}

moco_status moco__metrics_sync(const moco_metrics *metrics)
{
    const int error = moco__sync(metrics->stream.descriptor);
    return error == 0 ? MOCO_OK : moco__files_cannot("write", metrics->path, error);
}

void moco_metrics_free(moco_metrics *metrics)
{
    if (metrics != NULL) {
        (void)moco__stream_close(&metrics->stream);
        moco__tfevents_free(metrics->events);
        moco__handle_free(metrics);
    }
}
