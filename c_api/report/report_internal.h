/* A report in the making: what is read of a run, and the parts of the page. */
#ifndef MOCO_REPORT_REPORT_INTERNAL_H
#define MOCO_REPORT_REPORT_INTERNAL_H

#include "report/html_internal.h"

#include "moco/metrics.h"

typedef struct moco__report {
    const char *run;
    moco__html html;
    char *config; /* the text of config.yaml; NULL: none is there */
    char *log;    /* of train.log; NULL: none */
    /* from metrics.jsonl; empty where a run has none */
    moco_series loss, acc1, acc5, lr, knn, rate, wait;
} moco__report;

/* A setting's text as config.yaml has it, without quotes; false where there is none. Read line by line, so that runs
 * of other versions can be shown too. */
bool moco__report_setting(char *buffer, size_t size, const moco__report *report, const char *name);
/* The same as a number; NaN where it is none. */
double moco__report_number(const moco__report *report, const char *name);

/* The last line of the log that has a text, without its time; NULL where there is none. @param length of the line */
const char *moco__report_log_line(size_t *length, const moco__report *report, const char *part);

/* The last value; NaN of an empty series. */
double moco__series_last(const moco_series *series);

/* The parts, in the order of the page. */
void moco__report_head(moco__report *report);
void moco__report_numbers(moco__report *report);
void moco__report_curves(moco__report *report);
void moco__report_sheets(moco__report *report);
void moco__report_evaluations(moco__report *report);
void moco__report_settings(moco__report *report);
void moco__report_environment(moco__report *report);
void moco__report_log(moco__report *report);

/* A table of a file of JSON, or a note where it cannot be read. */
void moco__report_json(moco__html *html, const char *path, const char *title);

#endif
