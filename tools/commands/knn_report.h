/*
 * Prints the result of moco knn: one accuracy or a table, the accuracy of each class, and the confusion matrix.
 */
#ifndef MOCO_TOOLS_COMMANDS_KNN_REPORT_H
#define MOCO_TOOLS_COMMANDS_KNN_REPORT_H

#include <moco.h>

enum { KNN_MAX_VALUES = 64 }; /* of k, and of temperatures */

typedef struct knn_report {
    const int64_t *k;
    size_t k_count;
    bool auto_k; /* the bank decided k */
    const double *temperatures;
    size_t temperature_count;
    const double *accuracies; /* k_count x temperature_count */
    const int64_t *predicted; /* one class per query, with the best setting */
    const moco_features *bank, *queries;
    const moco_dataset *images; /* of the queries, for the names of the classes */
    const char *kind;           /* "pooled", "output" or "pixels" */
    const char *baseline;       /* "none", "pixels" or "random" */
    const char *checkpoint;     /* NULL: a baseline without one */
    double seconds;
} knn_report;

/* Returns the index of the highest accuracy; the first of equal ones. */
size_t knn_report_best(const knn_report *report);

/* Counts true classes (rows) by predicted classes: classes x classes. The caller frees it; NULL if out of memory. */
int64_t *knn_report_confusion(const knn_report *report, size_t classes);

/* @param confusion NULL: print neither classes nor confusions */
void knn_report_text(const knn_report *report, const int64_t *confusion, size_t classes);
void knn_report_json(const knn_report *report, const int64_t *confusion, size_t classes);

#endif
