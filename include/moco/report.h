/**
 * @file report.h
 * One page on a run, for people.
 */
#ifndef MOCO_REPORT_H
#define MOCO_REPORT_H

#include "error.h"

MOCO_BEGIN_DECLS

/** Options of moco_report_write(). @since 0.1 */
typedef struct moco_report_options {
    size_t struct_size;
    const char *path; /**< where to; NULL: RUN/report.html */
} moco_report_options;

#define MOCO_REPORT_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        sizeof(moco_report_options), NULL                                                                              \
    }

/**
 * Writes an HTML file that needs no other and no network, in one piece: the numbers of a run, its curves, the sheets
 * of RUN/plots (pairs.png, neighbours.png, map.png) as they are, each JSON file of RUN/eval, and linear.json, knn.json
 * and finetune.json of RUN, as tables, its settings and its log. The run may be under way; what is missing is left out,
 * and the page says so. Neither data nor checkpoints are read.
 * @param options NULL for the defaults
 * @return ::MOCO_ENOTFOUND where @p run holds neither config.yaml nor metrics.jsonl
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_report_write(const char *run, const moco_report_options *options);

MOCO_END_DECLS

#endif
