/* Reads metrics over the steps back from a run's metrics.jsonl. */
#include "report/series_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"

#include <stdlib.h>
#include <string.h>

/* A series that grows. */
typedef struct growing {
    moco_series *series;
    size_t capacity;
} growing;

static const double most_steps = 9007199254740992.; /* 2^53: doubles have the integers up to there */

static moco_status append(growing *to, const json_t *line, double value)
{
    moco_series *series = to->series;
    if (series->steps == NULL || series->count == to->capacity) {
        const size_t grown = to->capacity == 0 ? 256 : 2 * to->capacity;
        double **arrays[] = { &series->steps, &series->epochs, &series->values };
        for (size_t i = 0; i < 3; ++i) {
            double *bigger = realloc(*arrays[i], grown * sizeof *bigger);
            if (bigger == NULL) {
                return moco_error_set(MOCO_ENOMEM, "out of memory for %zu metrics", grown);
            }
            *arrays[i] = bigger;
        }
        to->capacity = grown;
    }
    series->steps[series->count] = json_number_value(json_object_get(line, "step"));
    series->epochs[series->count] = json_number_value(json_object_get(line, "epoch"));
    series->values[series->count] = value;
    series->count += 1;
    return MOCO_OK;
}

static moco_status parse_line(growing *to, const json_t *line, const char *const *names, size_t count)
{
    const double step = json_number_value(json_object_get(line, "step"));
    for (size_t i = 0; i < count && step >= 0 && step <= most_steps; ++i) {
        const json_t *value = json_object_get(line, names[i]);
        MOCO_TRY(json_is_number(value) ? append(&to[i], line, json_number_value(value)) : MOCO_OK);
    }
    return MOCO_OK;
}

static moco_status parse(growing *to, const char *text, size_t size, const char *const *names, size_t count)
{
    size_t begin = 0;
    while (begin < size) {
        const char *newline = memchr(text + begin, '\n', size - begin);
        const size_t length = newline != NULL ? (size_t)(newline - text) - begin : size - begin;
        json_t *line = NULL;
        MOCO_TRY(moco__json_read(&line, text + begin, length, 0, NULL));
        const moco_status status = parse_line(to, line, names, count);
        json_decref(line);
        MOCO_TRY(status);
        begin += length + 1;
    }
    return MOCO_OK;
}

moco_status moco__series_read_all(moco_series *out, const char *run, const char *const *names, size_t count)
{
    char path[MOCO_PATH_MAX];
    char *text = NULL;
    size_t size = 0;
    growing *to = moco__calloc(count, sizeof *to);
    for (size_t i = 0; i < count; ++i) {
        out[i] = (moco_series){ 0 };
        if (to != NULL) {
            to[i].series = &out[i];
        }
    }
    moco_status status = to != NULL ? MOCO_OK : MOCO_ENOMEM;
    MOCO_TRY_GOTO(status);
    MOCO_TRY_GOTO(moco__files_join(path, sizeof path, run, "metrics.jsonl"));
    MOCO_TRY_GOTO(moco__file_read(&text, &size, path));
    MOCO_TRY_GOTO(parse(to, text, size, names, count));
done:
    free(to);
    free(text);
    for (size_t i = 0; i < count && status != MOCO_OK; ++i) {
        moco_series_free(&out[i]);
    }
    return status;
}

moco_status moco_series_read(moco_series *out, const char *run, const char *name)
{
    moco_series series = { 0 };
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(run);
    MOCO_CHECK_ARG(name);
    MOCO_TRY(moco__series_read_all(&series, run, &name, 1));
    *out = series;
    return MOCO_OK;
}

void moco_series_free(moco_series *series)
{
    if (series != NULL) {
        free(series->steps);
        free(series->epochs);
        free(series->values);
        *series = (moco_series){ 0 };
    }
}
