/**
 * @file report.h
 * Writes one page about a run, for people.
 */
#ifndef MOCO_REPORT_H
#define MOCO_REPORT_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Options of moco_report_write(). @since 0.1 */
typedef struct moco_report_options {
    size_t struct_size; /**< set by the macro or function below */
    const char *path;   /**< the file to write; NULL: RUN/report.html */
} moco_report_options;

/** The defaults of ::moco_report_options. */
#define MOCO_REPORT_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_report_options), NULL                                                                              \
    }

/**
 * Fills in what ::MOCO_REPORT_OPTIONS_INIT holds.
 * @param[out] options receives it
 * @param struct_size sizeof(moco_report_options) of the caller
 * @since 0.2
 */
MOCO_API void moco_report_options_init(moco_report_options *options, size_t struct_size);

/**
 * Writes a self-contained HTML file, which needs neither other files nor a network: the numbers of a run, its curves,
 * the sheets of RUN/plots (pairs.png, neighbours.png, map.png, tsne.png), the results of evaluations (knn.json,
 * linear.json and finetune.json of RUN, and each JSON file of RUN/eval) as bars and tables, the run's settings and its
 * log. The run may still be in progress; the page names what is missing. Neither data nor checkpoints are read. The
 * file appears complete or not at all.
 * @param run its folder
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND if @p run holds neither config.yaml nor metrics.jsonl; ::MOCO_EIO if the file cannot be
 * written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_report_write(const char *run, const moco_report_options *options);

MOCO_END_DECLS

#endif
