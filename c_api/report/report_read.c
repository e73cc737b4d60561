/* Reads what a run has left in its folder. */
#include "report/report_read_internal.h"

#include "base/descriptor_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/json_read_internal.h"
#include "report/series_internal.h"
#include "report/series_values_internal.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void moco__run_name(char *out, size_t size, const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        --end;
    }
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') {
        --begin;
    }
    (void)snprintf(out, size, "%.*s", (int)(end - begin), path + begin);
}

/* Finds the line of config.yaml that sets an option; returns its value. */
static const char *find_setting(size_t *length, const moco__record *record, const char *name)
{
    const size_t name_length = strlen(name);
    for (const char *line = record->config; line != NULL && *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        if (size > name_length && strncmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            value += strspn(value, " ");
            *length = (size_t)(line + size - value);
            return value;
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    return NULL;
}

bool moco__record_setting(char *buffer, size_t size, const moco__record *record, const char *name)
{
    size_t length = 0;
    const char *value = find_setting(&length, record, name);
    if (value == NULL) {
        return false;
    }
    if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
        ++value;
        length -= 2;
    }
    (void)snprintf(buffer, size, "%.*s", (int)length, value);
    return true;
}

double moco__record_number(const moco__record *record, const char *name)
{
    char text[64];
    if (!moco__record_setting(text, sizeof text, record, name)) {
        return NAN;
    }
    char *end = text;
    const double value = strtod(text, &end);
    return end != text && *end == '\0' ? value : NAN;
}

enum { STAMP = 20 }; /* bytes of "2026-11-24 11:02:55 " */

const char *moco__record_log_line(size_t *length, const moco__record *record, const char *part)
{
    const char *found = NULL;
    for (const char *line = record->log; line != NULL && *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        if (size > STAMP && memmem(line + STAMP, size - STAMP, part, strlen(part)) != NULL) {
            found = line + STAMP;
            *length = size - STAMP;
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    return found;
}

/* Reads a text file of the run, if it is there. */
static moco_status read_text(char **out, const char *run, const char *name)
{
    char path[MOCO_PATH_MAX];
    size_t size = 0;
    MOCO_TRY(moco__files_join(path, sizeof path, run, name));
    return moco__files_exist(path) ? moco__file_read(out, &size, path) : MOCO_OK;
}

static moco_status read_metrics(moco__record *record)
{
    static const struct {
        const char *name;
        moco__values values;
    } all[MOCO__METRICS] = {
        [MOCO__LOSS] = { "loss", MOCO__MEANS },
        [MOCO__ACC1] = { "acc1", MOCO__MEANS },
        [MOCO__ACC5] = { "acc5", MOCO__MEANS },
        [MOCO__LR] = { "lr", MOCO__POINTS },
        [MOCO__KNN] = { "knn_acc1", MOCO__POINTS },
        [MOCO__KNN_K] = { "knn_k", MOCO__POINTS },
        [MOCO__RATE] = { "images_per_s", MOCO__RATES },
        [MOCO__WAIT] = { "data_wait", MOCO__MEANS },
        [MOCO__ALIGNMENT] = { "alignment", MOCO__POINTS },
        [MOCO__UNIFORMITY] = { "uniformity", MOCO__POINTS },
        [MOCO__SPREAD] = { "spread", MOCO__POINTS },
        [MOCO__POOLED_SPREAD] = { "pooled_spread", MOCO__POINTS },
        [MOCO__POOLED_RANK] = { "pooled_rankme", MOCO__POINTS },
        [MOCO__OUTPUT_RANK] = { "output_rankme", MOCO__POINTS },
        [MOCO__POOLED_ALPHA] = { "pooled_alpha", MOCO__POINTS },
        [MOCO__OUTPUT_ALPHA] = { "output_alpha", MOCO__POINTS },
        [MOCO__LIDAR] = { "lidar", MOCO__POINTS },
    };
    const char *names[MOCO__METRICS];
    for (size_t i = 0; i < MOCO__METRICS; ++i) {
        names[i] = all[i].name;
    }
    MOCO_TRY(moco__series_read_all(record->metrics, record->run, names, MOCO__METRICS));
    for (size_t i = 0; i < MOCO__METRICS; ++i) {
        moco__series_merge(&record->metrics[i], all[i].values);
    }
    for (size_t i = 0; i < record->metrics[MOCO__WAIT].count; ++i) {
        record->metrics[MOCO__WAIT].values[i] *= 100; /* percent */
    }
    return MOCO_OK;
}

/* ---- Results of evaluations ---- */

static moco_status parse(moco__result *result)
{
    moco_status status = MOCO_OK;
    char *text = NULL;
    size_t size = 0;
    json_error_t error = { .line = 0 };
    if (moco__file_read(&text, &size, result->path) == MOCO_OK) {
        status = moco__json_read(&result->root, text, size, JSON_DECODE_ANY, &error);
        result->failure = result->root == NULL ? strdup(error.text) : NULL;
    } else {
        result->failure = strdup(moco_error_message());
    }
    free(text);
    return status;
}

static moco_status add_result(moco__record *record, const char *folder, const char *name)
{
    moco__result *grown = realloc(record->results, (record->result_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for the results of %s", folder);
    }
    record->results = grown;
    char *path = moco__files_join_new(folder, name);
    if (path == NULL) {
        return MOCO_ENOMEM;
    }
    moco__result *result = &record->results[record->result_count++];
    *result = (moco__result){ path, path + strlen(path) - strlen(name), NULL, NULL };
    return parse(result);
}

static int is_json(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0 ? 1 : 0;
}

static moco_status read_results(moco__record *record)
{
    static const char *const single[] = { "knn.json", "linear.json", "finetune.json" };
    char folder[MOCO_PATH_MAX];
    struct dirent **entries = NULL;
    moco_status status = MOCO_OK;
    for (size_t i = 0; i < sizeof single / sizeof single[0]; ++i) {
        if (moco__files_exist_in(record->run, single[i])) {
            MOCO_TRY(add_result(record, record->run, single[i]));
        }
    }
    MOCO_TRY(moco__files_join(folder, sizeof folder, record->run, "eval"));
    const int count = moco__folder_scan(folder, &entries, is_json);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
        return moco__files_cannot("list the folder", folder, errno);
    }
    for (int i = 0; i < count; ++i) {
        status = status == MOCO_OK ? add_result(record, folder, entries[i]->d_name) : status;
        free(entries[i]);
    }
    free(entries);
    return status;
}

moco_status moco__record_read(moco__record *record, const char *run)
{
    *record = (moco__record){ .run = run, .has_metrics = moco__files_exist_in(run, "metrics.jsonl") };
    MOCO_TRY(read_text(&record->config, run, "config.yaml"));
    MOCO_TRY(read_text(&record->log, run, "train.log"));
    if (record->config == NULL && !record->has_metrics) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: no config.yaml or metrics.jsonl is there; give the folder of a run",
                              run);
    }
    if (record->has_metrics) {
        MOCO_TRY(read_metrics(record));
    }
    return read_results(record);
}

void moco__record_free(moco__record *record)
{
    for (size_t i = 0; i < MOCO__METRICS; ++i) {
        moco_series_free(&record->metrics[i]);
    }
    for (size_t i = 0; i < record->result_count; ++i) {
        free(record->results[i].path);
        free(record->results[i].failure);
        json_decref(record->results[i].root);
    }
    free(record->results);
    free(record->config);
    free(record->log);
    *record = (moco__record){ .run = NULL };
}
