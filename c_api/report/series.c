/* Reads a metric over the steps back from a run's metrics.jsonl. */
#include "moco/metrics.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"

#include <stdlib.h>
#include <string.h>

static moco_status append(moco_series *series, size_t *capacity, const json_t *line, double value)
{
    if (series->count == *capacity) {
        const size_t grown = *capacity == 0 ? 256 : 2 * *capacity;
        double **arrays[] = { &series->steps, &series->epochs, &series->values };
        for (size_t i = 0; i < 3; ++i) {
            double *bigger = realloc(*arrays[i], grown * sizeof *bigger);
            if (bigger == NULL) {
                return moco_error_set(MOCO_ENOMEM, "out of memory for %zu metrics", grown);
            }
            *arrays[i] = bigger;
        }
        *capacity = grown;
    }
    series->steps[series->count] = json_number_value(json_object_get(line, "step"));
    series->epochs[series->count] = json_number_value(json_object_get(line, "epoch"));
    series->values[series->count] = value;
    series->count += 1;
    return MOCO_OK;
}

static moco_status parse_series(moco_series *series, const char *text, size_t size, const char *name)
{
    size_t capacity = 0;
    size_t begin = 0;
    while (begin < size) {
        const char *newline = memchr(text + begin, '\n', size - begin);
        const size_t length = newline != NULL ? (size_t)(newline - text) - begin : size - begin;
        json_t *line = NULL;
        MOCO_TRY(moco__json_read(&line, text + begin, length, 0, NULL));
        const json_t *value = json_object_get(line, name);
        const moco_status status =
            json_is_number(value) ? append(series, &capacity, line, json_number_value(value)) : MOCO_OK;
        json_decref(line);
        MOCO_TRY(status);
        begin += length + 1;
    }
    return MOCO_OK;
}

moco_status moco_series_read(moco_series *out, const char *run, const char *name)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(run);
    MOCO_CHECK_ARG(name);
    char path[MOCO_PATH_MAX];
    char *text;
    size_t size;
    MOCO_TRY(moco__files_join(path, sizeof path, run, "metrics.jsonl"));
    MOCO_TRY(moco__file_read(&text, &size, path));
    moco_series series = { 0 };
    const moco_status status = parse_series(&series, text, size, name);
    free(text);
    if (status != MOCO_OK) {
        moco_series_free(&series);
        return status;
    }
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
