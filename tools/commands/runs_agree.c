#include "commands/runs_agree.h"

#include "cli/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_POINTS = 4 };

/* How a metric agrees with the target. */
typedef struct agreement {
    const char *metric;
    double *within; /* the correlation of each run that has enough points */
    size_t within_count;
    double *ends, *target_ends; /* of the runs that have both */
    size_t end_count;
} agreement;

/* Values of two metrics at the same steps. */
typedef struct pairs {
    double *x, *y;
    size_t count;
} pairs;

/* ---- Numbers ---- */

/* The place of a value in ascending order, from 1; equal values share the mean of their places. */
static double place_of(const double *values, size_t count, size_t index)
{
    double less = 0;
    double equal = 0;
    for (size_t i = 0; i < count; ++i) {
        less += values[i] < values[index] ? 1 : 0;
        equal += values[i] == values[index] ? 1 : 0;
    }
    return less + (equal + 1) / 2;
}

/* Spearman's correlation; NaN for too few points, or if all values of one side are equal. */
static double rank_correlation(const double *x, const double *y, size_t count)
{
    const double mean = ((double)count + 1) / 2;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (size_t i = 0; i < count; ++i) {
        const double across = place_of(x, count, i) - mean;
        const double up = place_of(y, count, i) - mean;
        xx += across * across;
        yy += up * up;
        xy += across * up;
    }
    return count >= FEWEST_POINTS && xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values are in ascending order. */
static double median(const double *values, size_t count)
{
    return count == 0 ? (double)NAN : (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* ---- Reading ---- */

/* Finds the steps at which both were measured. Steps ascend in both. */
static moco_status pair_up(pairs *out, const moco_series *metric, const moco_series *target, bool is_step)
{
    out->count = 0;
    out->x = calloc(target->count + 1, sizeof *out->x);
    out->y = calloc(target->count + 1, sizeof *out->y);
    if (out->x == NULL || out->y == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu metrics", target->count);
    }
    size_t at = 0;
    for (size_t i = 0; i < target->count; ++i) {
        while (at < metric->count && metric->steps[at] < target->steps[i]) {
            ++at;
        }
        if (is_step || (at < metric->count && metric->steps[at] == target->steps[i])) {
            out->x[out->count] = is_step ? target->steps[i] : metric->values[at];
            out->y[out->count++] = target->values[i];
        }
    }
    return MOCO_OK;
}

static moco_status add_run(agreement *a, const run_entry *entry, const moco_series *target, bool is_step)
{
    moco_series metric = { 0, NULL, NULL, NULL };
    pairs found = { NULL, NULL, 0 };
    moco_status status = is_step ? MOCO_OK : moco_series_read(&metric, entry->path, a->metric);
    if (status == MOCO_OK) {
        status = pair_up(&found, &metric, target, is_step);
    }
    if (status == MOCO_OK && found.count > 0) {
        const double own = rank_correlation(found.x, found.y, found.count);
        if (isfinite(own)) {
            a->within[a->within_count++] = own;
        }
        a->ends[a->end_count] = found.x[found.count - 1];
        a->target_ends[a->end_count++] = found.y[found.count - 1];
    }
    free(found.x);
    free(found.y);
    moco_series_free(&metric);
    return status;
}

/* Takes the runs that have the target. */
static moco_status read_runs(agreement *all, size_t count, const run_list *list, const char *target)
{
    moco_status status = MOCO_OK;
    for (size_t r = 0; r < list->count && status == MOCO_OK; ++r) {
        moco_series series = { 0, NULL, NULL, NULL };
        status = moco_series_read(&series, list->entries[r].path, target);
        if (status == MOCO_ENOTFOUND) { /* it has no metrics yet */
            status = MOCO_OK;
            continue;
        }
        for (size_t i = 0; i < count && status == MOCO_OK && series.count > 0; ++i) {
            status = add_run(&all[i], &list->entries[r], &series, i == 0);
        }
        moco_series_free(&series);
    }
    return status;
}

/* ---- Printing ---- */

static void put(char text[16], double value)
{
    (void)snprintf(text, 16, isnan(value) ? "-" : "%+.2f", value);
}

static void print_row(const agreement *a, int width, bool is_step)
{
    char texts[4][16];
    const size_t n = a->within_count;
    put(texts[0], median(a->within, n));
    put(texts[1], n > 0 ? a->within[0] : (double)NAN);
    put(texts[2], n > 0 ? a->within[n - 1] : (double)NAN);
    put(texts[3], is_step ? (double)NAN : rank_correlation(a->ends, a->target_ends, a->end_count));
    (void)printf("%-*s  %6s  %6s  %6s  %4zu  %6s  %4zu\n", width, a->metric, texts[0], texts[1], texts[2], n, texts[3],
                 a->end_count);
}

static void print_text(const agreement *all, size_t count, const char *target)
{
    int width = 6;
    for (size_t i = 0; i < count; ++i) {
        const int length = (int)strlen(all[i].metric);
        width = length > width ? length : width;
    }
    (void)printf("Spearman's correlation with %s\n%-*s  %-28s  %s\n", target, width, "", "within a run, over its steps",
                 "across runs,");
    (void)printf("%-*s  %6s  %6s  %6s  %4s  %6s  %4s\n", width, "metric", "median", "least", "most", "runs", "at end",
                 "runs");
    for (size_t i = 0; i < count; ++i) {
        print_row(&all[i], width, i == 0);
    }
}

static void print_json_field(const char *name, double value)
{
    (void)printf(", \"%s\": ", name);
    print_json_value(value);
}

static void print_json(const agreement *all, size_t count, const char *target)
{
    (void)printf("{\"target\": ");
    print_json_text(target);
    (void)printf(", \"metrics\": [");
    for (size_t i = 0; i < count; ++i) {
        const agreement *a = &all[i];
        (void)printf("%s\n  {\"metric\": ", i > 0 ? "," : "");
        print_json_text(a->metric);
        print_json_field("within_median", median(a->within, a->within_count));
        print_json_field("within_least", a->within_count > 0 ? a->within[0] : (double)NAN);
        print_json_field("within_most", a->within_count > 0 ? a->within[a->within_count - 1] : (double)NAN);
        (void)printf(", \"within_runs\": %zu", a->within_count);
        print_json_field("across", i == 0 ? (double)NAN : rank_correlation(a->ends, a->target_ends, a->end_count));
        (void)printf(", \"across_runs\": %zu}", a->end_count);
    }
    (void)printf("\n]}\n");
}

static moco_status compare_all(agreement *all, size_t count, const run_list *list, const char *target, bool json)
{
    for (size_t i = 0; i < count; ++i) {
        all[i].within = calloc(list->count + 1, sizeof *all[i].within);
        all[i].ends = calloc(list->count + 1, sizeof *all[i].ends);
        all[i].target_ends = calloc(list->count + 1, sizeof *all[i].target_ends);
        if (all[i].within == NULL || all[i].ends == NULL || all[i].target_ends == NULL) {
            return moco_error_set(MOCO_ENOMEM, "out of memory for %zu runs", list->count);
        }
    }
    const moco_status status = read_runs(all, count, list, target);
    if (status != MOCO_OK) {
        return status;
    }
    if (all[0].end_count == 0) {
        return moco_error_set(MOCO_EINVALID, "--agree: no run has the metric '%s'; give one of metrics.jsonl", target);
    }
    for (size_t i = 0; i < count; ++i) {
        qsort(all[i].within, all[i].within_count, sizeof *all[i].within, compare);
    }
    json ? print_json(all, count, target) : print_text(all, count, target);
    return MOCO_OK;
}

moco_status runs_agree_print(const run_list *list, const char *target, const char *const *metrics, size_t count,
                             bool json)
{
    agreement *all = calloc(count + 1, sizeof *all);
    if (all == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu metrics", count);
    }
    all[0].metric = "step";
    for (size_t i = 0; i < count; ++i) {
        all[i + 1].metric = metrics[i];
    }
    const moco_status status = compare_all(all, count + 1, list, target, json);
    for (size_t i = 0; i <= count; ++i) {
        free(all[i].within);
        free(all[i].ends);
        free(all[i].target_ends);
    }
    free(all);
    return status;
}
