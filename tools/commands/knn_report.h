/*
 * What moco knn says: one accuracy or a table of them, each class's, and who is taken for whom.
 */
#ifndef MOCO_TOOLS_COMMANDS_KNN_REPORT_H
#define MOCO_TOOLS_COMMANDS_KNN_REPORT_H

#include <moco.h>

enum { KNN_MAX_VALUES = 64 }; /* of k, and of temperatures */

typedef struct knn_report {
    const int64_t *k;
    size_t k_count;
    const double *temperatures;
    size_t temperature_count;
    const double *accuracies; /* k_count x temperature_count */
    const int64_t *predicted; /* a class a query, by the best of them */
    const moco_features *bank, *queries;
    const moco_dataset *images; /* the queries': names of classes */
    const char *kind;           /* "pooled", "output" or "pixels" */
    const char *baseline;       /* "none", "pixels" or "random" */
    const char *checkpoint;     /* NULL: none was used */
    double seconds;
} knn_report;

/* Which accuracy is the highest; the first of equals. */
size_t knn_report_best(const knn_report *report);

/* Counts true classes (rows) by predicted ones: classes x classes, to be freed; NULL where memory is out. */
int64_t *knn_report_confusion(const knn_report *report, size_t classes);

/* @param confusion NULL: neither classes nor confusions are shown */
void knn_report_text(const knn_report *report, const int64_t *confusion, size_t classes);
void knn_report_json(const knn_report *report, const int64_t *confusion, size_t classes);

#endif
