/*
 * Prints the result of moco knn: one accuracy or a table, the accuracy of each class, and the confusion matrix.
 */
#include "commands/knn_report.h"

#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t knn_report_best(const knn_report *report)
{
    size_t best = 0;
    for (size_t i = 1; i < report->k_count * report->temperature_count; ++i) {
        best = report->accuracies[i] > report->accuracies[best] ? i : best;
    }
    return best;
}

int64_t *knn_report_confusion(const knn_report *report, size_t classes)
{
    int64_t *matrix = calloc(classes * classes, sizeof *matrix);
    const int64_t *labels = moco_features_labels(report->queries);
    for (size_t i = 0; matrix != NULL && i < moco_features_count(report->queries); ++i) {
        matrix[(size_t)labels[i] * classes + (size_t)report->predicted[i]] += 1;
    }
    return matrix;
}

/* Returns the sum of a class over its row (its images) or its column (images predicted as it). */
static int64_t sum_of(const int64_t *confusion, size_t classes, size_t label, bool row)
{
    int64_t sum = 0;
    for (size_t i = 0; i < classes; ++i) {
        sum += row ? confusion[label * classes + i] : confusion[i * classes + label];
    }
    return sum;
}

static double percent(int64_t part, int64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void print_sweep(const knn_report *r)
{
    (void)printf("%8s", "k");
    for (size_t t = 0; t < r->temperature_count; ++t) {
        char head[32];
        (void)snprintf(head, sizeof head, "T %g", r->temperatures[t]);
        (void)printf("  %9s", head);
    }
    (void)putchar('\n');
    for (size_t i = 0; i < r->k_count; ++i) {
        (void)printf("%8lld", (long long)r->k[i]);
        for (size_t t = 0; t < r->temperature_count; ++t) {
            (void)printf("  %7.2f %%", r->accuracies[i * r->temperature_count + t]);
        }
        (void)putchar('\n');
    }
}

/* Names a class: by its name, else by its number. */
static const char *class_text(char text[32], const knn_report *r, size_t label)
{
    const char *name = moco_dataset_class_name(r->images, label);
    (void)snprintf(text, 32, "%zu", label);
    return name != NULL ? name : text;
}

static int widest_class(const knn_report *r, size_t classes)
{
    enum { LEAST = 5, MOST = 40 };
    size_t widest = LEAST;
    for (size_t c = 0; c < classes; ++c) {
        char text[32];
        const size_t length = strlen(class_text(text, r, c));
        widest = length > widest ? length : widest;
    }
    return (int)(widest < MOST ? widest : MOST);
}

static void print_classes(const knn_report *r, const int64_t *confusion, size_t classes)
{
    char text[32];
    const int width = widest_class(r, classes);
    (void)printf("%-*s  %8s  %9s  %9s  %s\n", width, "class", "images", "recall", "precision",
                 "most often confused with");
    for (size_t c = 0; c < classes; ++c) {
        const int64_t right = confusion[c * classes + c];
        size_t other = c == 0 ? 1 : 0;
        for (size_t i = 0; i < classes; ++i) {
            other = i != c && confusion[c * classes + i] > confusion[c * classes + other] ? i : other;
        }
        const int64_t images = sum_of(confusion, classes, c, true);
        (void)printf("%-*s  %8lld  %7.2f %%  %7.2f %%", width, class_text(text, r, c), (long long)images,
                     percent(right, images), percent(right, sum_of(confusion, classes, c, false)));
        if (other < classes && confusion[c * classes + other] > 0) {
            (void)printf("  %s (%.2f %%)", class_text(text, r, other), percent(confusion[c * classes + other], images));
        }
        (void)putchar('\n');
    }
}

void knn_report_text(const knn_report *r, const int64_t *confusion, size_t classes)
{
    const size_t best = knn_report_best(r);
    if (r->k_count * r->temperature_count > 1) {
        print_sweep(r);
    }
    if (confusion != NULL) {
        print_classes(r, confusion, classes);
    }
    (void)printf("kNN accuracy %.2f %% (%s%s%s, k %lld%s, temperature %g; %zu training and %zu test image%s, %.1f s)\n",
                 r->accuracies[best], strcmp(r->baseline, "random") == 0 ? "untrained network, " : "", r->kind,
                 strcmp(r->kind, "pixels") == 0 ? "" : " features", (long long)r->k[best / r->temperature_count],
                 r->auto_k ? " (auto)" : "", r->temperatures[best % r->temperature_count], moco_features_count(r->bank),
                 moco_features_count(r->queries), plural(moco_features_count(r->queries)), r->seconds);
}

static void print_json_sweep(const knn_report *r)
{
    (void)printf(", \"sweep\": [");
    for (size_t i = 0; i < r->k_count * r->temperature_count; ++i) {
        (void)printf("%s{\"k\": %lld, \"temperature\": %g, \"knn_acc1\": %.4f}", i > 0 ? ", " : "",
                     (long long)r->k[i / r->temperature_count], r->temperatures[i % r->temperature_count],
                     r->accuracies[i]);
    }
    (void)printf("]");
}

static void print_json_classes(const knn_report *r, const int64_t *confusion, size_t classes)
{
    (void)printf(", \"classes\": [");
    for (size_t c = 0; c < classes; ++c) {
        const int64_t images = sum_of(confusion, classes, c, true);
        const int64_t right = confusion[c * classes + c];
        const char *name = moco_dataset_class_name(r->images, c);
        (void)printf("%s{\"class\": %zu, \"name\": ", c > 0 ? ", " : "", c);
        print_json_text(name);
        (void)printf(", \"images\": %lld, \"recall\": %.4f, \"precision\": %.4f}", (long long)images,
                     percent(right, images), percent(right, sum_of(confusion, classes, c, false)));
    }
    (void)printf("], \"confusion\": [");
    for (size_t row = 0; row < classes; ++row) {
        (void)printf("%s[", row > 0 ? ", " : "");
        for (size_t column = 0; column < classes; ++column) {
            (void)printf("%s%lld", column > 0 ? ", " : "", (long long)confusion[row * classes + column]);
        }
        (void)printf("]");
    }
    (void)printf("]");
}

void knn_report_json(const knn_report *r, const int64_t *confusion, size_t classes)
{
    const size_t best = knn_report_best(r);
    (void)printf("{\"knn_acc1\": %.4f, \"k\": %lld, \"temperature\": %g, \"features\": \"%s\", \"baseline\": \"%s\", "
                 "\"train_images\": %zu, \"test_images\": %zu, \"seconds\": %.3f, \"checkpoint\": ",
                 r->accuracies[best], (long long)r->k[best / r->temperature_count],
                 r->temperatures[best % r->temperature_count], r->kind, r->baseline, moco_features_count(r->bank),
                 moco_features_count(r->queries), r->seconds);
    print_json_text(r->checkpoint);
    if (r->k_count * r->temperature_count > 1) {
        print_json_sweep(r);
    }
    if (confusion != NULL) {
        print_json_classes(r, confusion, classes);
    }
    (void)printf("}\n");
}
