/* Reads what a run has left in its folder: settings, log, metrics, and results of evaluations. */
#ifndef MOCO_REPORT_REPORT_READ_INTERNAL_H
#define MOCO_REPORT_REPORT_READ_INTERNAL_H

#include "moco/metrics.h"

#include <jansson.h>

/* The metrics of metrics.jsonl that pages and charts show. */
typedef enum moco__metric_kind {
    MOCO__LOSS,
    MOCO__ACC1,
    MOCO__ACC5,
    MOCO__LR,
    MOCO__KNN,
    MOCO__KNN_K, /* neighbours that voted */
    MOCO__RATE,
    MOCO__WAIT, /* percent */
    MOCO__ALIGNMENT,
    MOCO__UNIFORMITY,
    MOCO__SPREAD,
    MOCO__POOLED_SPREAD,
    MOCO__POOLED_RANK,
    MOCO__OUTPUT_RANK,
    MOCO__POOLED_ALPHA,
    MOCO__OUTPUT_ALPHA,
    MOCO__LIDAR,
    MOCO__METRICS
} moco__metric_kind;

/* A JSON file with the result of an evaluation. */
typedef struct moco__result {
    char *path;
    const char *name; /* of the file, in path */
    json_t *root;     /* NULL: the file cannot be read */
    char *failure;    /* why; NULL: it can be read */
} moco__result;

typedef struct moco__record {
    const char *run;
    char *config;                       /* the text of config.yaml; NULL: there is no such file */
    char *log;                          /* of train.log; NULL: there is no such file */
    bool has_metrics;                   /* whether metrics.jsonl is there */
    moco_series metrics[MOCO__METRICS]; /* empty if no line has the metric */
    moco__result *results;
    size_t result_count;
} moco__record;

/* Reads a run's folder. Free the record in any case.
 * @return ::MOCO_ENOTFOUND if it has neither config.yaml nor metrics.jsonl */
moco_status moco__record_read(moco__record *record, const char *run);
void moco__record_free(moco__record *record);

/* Names a run by the last part of its path. */
void moco__run_name(char *out, size_t size, const char *path);

/* Copies a setting's text as config.yaml has it, without quotes; returns false if there is none. Reads line by line, so
 * that runs of other versions can be shown too. */
bool moco__record_setting(char *buffer, size_t size, const moco__record *record, const char *name);
/* Returns the same as a number; NaN if it is not a number. */
double moco__record_number(const moco__record *record, const char *name);

/* Returns the last line of the log that has a text, without its time; NULL if there is none. @param length of the line
 */
const char *moco__record_log_line(size_t *length, const moco__record *record, const char *part);

#endif
