/* Shows the results of a run's evaluations. */
#include "report/report_evaluations_internal.h"

#include "base/handle_internal.h"
#include "base/text_internal.h"
#include "report/bars_internal.h"
#include "report/confusion_internal.h"
#include "report/report_json_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BARS = 24 };
enum { DRAWN_CLASSES = 120 }; /* of a confusion matrix; a page has no room for more */

/* ---- Which evaluation a result is of ---- */

static const char *baseline_of(const json_t *root)
{
    const char *baseline = json_string_value(json_object_get(root, "baseline"));
    return baseline == NULL || strcmp(baseline, "none") == 0 ? NULL : baseline;
}

/* Returns "kNN", "Linear classifier" or "Fine-tuning"; NULL if the result is of none of these. */
static const char *method_of(const json_t *root)
{
    if (json_object_get(root, "knn_acc1") != NULL) {
        return "kNN";
    }
    if (json_object_get(root, "rates") != NULL) {
        return "Linear classifier";
    }
    return json_object_get(root, "encoder_lr") != NULL ? "Fine-tuning" : NULL;
}

/* Says what an evaluation judged: "raw pixels", "untrained network" or the run. */
static const char *subject_of(const json_t *root)
{
    const char *baseline = baseline_of(root);
    return baseline == NULL                  ? NULL
           : strcmp(baseline, "pixels") == 0 ? "raw pixels"
           : strcmp(baseline, "random") == 0 ? "untrained network"
                                             : baseline;
}

/* ---- Bars ---- */

typedef struct bar_list {
    moco__bar bars[MAX_BARS];
    size_t count;
} bar_list;

static void add_bar(bar_list *list, const json_t *value, bool is_baseline, const char *name)
{
    if (json_is_number(value) && list->count < MAX_BARS) {
        moco__bar *bar = &list->bars[list->count++];
        bar->value = json_number_value(value);
        bar->is_baseline = is_baseline;
        (void)snprintf(bar->name, sizeof bar->name, "%s", name);
    }
}

static void add_bars_of(bar_list *list, const json_t *root)
{
    char name[96];
    const char *method = method_of(root);
    const char *subject = subject_of(root);
    if (method == NULL) {
        return;
    }
    const json_t *k = json_object_get(root, "k");
    if (json_is_integer(k)) {
        (void)snprintf(name, sizeof name, "%s, k %d%s%s", method, (int)json_integer_value(k),
                       subject != NULL ? ", " : "", subject != NULL ? subject : "");
        add_bar(list, json_object_get(root, "knn_acc1"), subject != NULL, name);
        return;
    }
    (void)snprintf(name, sizeof name, "%s%s%s", method, subject != NULL ? ", " : "", subject != NULL ? subject : "");
    add_bar(list, json_object_get(root, "acc1"), subject != NULL, name);
    (void)snprintf(name, sizeof name, "%s, untrained network", method);
    add_bar(list, json_object_get(json_object_get(root, "random"), "acc1"), true, name);
    (void)snprintf(name, sizeof name, "%s, raw pixels", method);
    add_bar(list, json_object_get(json_object_get(root, "pixels"), "acc1"), true, name);
}

static void write_bars(moco__html *html, const moco__record *record)
{
    bar_list list = { .count = 0 };
    for (size_t i = 0; i < record->result_count; ++i) {
        add_bars_of(&list, record->results[i].root);
    }
    if (list.count > 0) {
        moco__html_add(html, "<section class=\"card\"><h3>Top-1 accuracy on test images</h3>\n<div class=\"chart\">");
        moco__bars_inline(list.bars, list.count, html);
        moco__html_add(html, "</div></section>\n");
    }
}

/* ---- Confusion ---- */

/* Copies a matrix of JSON; returns NULL if it is not square. */
static int64_t *copy_matrix(const json_t *rows, size_t classes)
{
    int64_t *matrix = calloc(classes * classes, sizeof *matrix);
    for (size_t r = 0; matrix != NULL && r < classes; ++r) {
        const json_t *row = json_array_get(rows, r);
        if (json_array_size(row) != classes) {
            free(matrix);
            return NULL;
        }
        for (size_t c = 0; c < classes; ++c) {
            const json_int_t count = json_integer_value(json_array_get(row, c));
            matrix[r * classes + c] = count > 0 ? count : 0;
        }
    }
    return matrix;
}

/* Draws the matrix of a result of kNN; returns false if the result has none that can be drawn. */
static bool write_confusion(moco__html *html, const json_t *root)
{
    const json_t *rows = json_object_get(root, "confusion");
    const size_t classes = json_array_size(rows);
    const char *names[DRAWN_CLASSES] = { NULL };
    if (classes < 1 || classes > DRAWN_CLASSES) {
        return false;
    }
    int64_t *matrix = copy_matrix(rows, classes);
    if (matrix == NULL) {
        return false;
    }
    for (size_t c = 0; c < classes; ++c) {
        names[c] = json_string_value(json_object_get(json_array_get(json_object_get(root, "classes"), c), "name"));
    }
    const moco__confusion confusion = { matrix, classes, names };
    moco__canvas canvas;
    moco__html_add(html, "<h4>Confusion of classes</h4>\n<div class=\"chart\">");
    if (moco__confusion_draw(&canvas, &confusion, MOCO_PICTURE_SVG, NULL) == MOCO_OK) {
        moco__canvas_inline(&canvas, html, "Confusion matrix: true classes down, predicted classes across");
    }
    moco__html_add(html, "</div>\n");
    moco__canvas_close(&canvas);
    free(matrix);
    return true;
}

/* ---- The section ---- */

static void write_title(moco__html *html, const moco__result *result)
{
    const char *method = method_of(result->root);
    const char *subject = subject_of(result->root);
    moco__html_add(html, "<h3>");
    moco__html_text(html, method != NULL ? method : result->name);
    if (method != NULL && subject != NULL) {
        moco__html_add(html, ", ");
        moco__html_text(html, subject);
    }
    if (method != NULL) {
        moco__html_add(html, " <small>");
        moco__html_text(html, result->name);
        moco__html_add(html, "</small>");
    }
    moco__html_add(html, "</h3>\n");
}

static void write_result(moco__html *html, const moco__result *result)
{
    if (result->root == NULL) {
        moco__html_add(html, "<p class=\"note\">");
        moco__html_text(html, result->name);
        moco__html_add(html, " cannot be read: ");
        moco__html_text(html, result->failure != NULL ? result->failure : "out of memory");
        moco__html_add(html, "</p>\n");
        return;
    }
    moco__html_add(html, "<section class=\"card\">");
    write_title(html, result);
    json_t *shown = json_is_object(result->root) ? json_copy(result->root) : json_incref(result->root);
    if (write_confusion(html, result->root)) {
        (void)json_object_del(shown, "confusion");
    }
    moco__report_json(html, shown);
    json_decref(shown);
    moco__html_add(html, "</section>\n");
}

static void write_monitor(moco__html *html, const moco_series *knn)
{
    if (knn->count == 0) {
        return;
    }
    moco__html_add(html,
                   "<details class=\"card\"><summary>kNN accuracy during training, %zu test%s</summary>"
                   "<table class=\"narrow\"><thead><tr><th scope=\"col\" class=\"num\">epoch</th><th scope=\"col\" "
                   "class=\"num\">step</th><th scope=\"col\" class=\"num\">accuracy</th></tr></thead><tbody>\n",
                   knn->count, moco__plural(knn->count));
    for (size_t i = 0; i < knn->count; ++i) {
        moco__html_add(html,
                       "<tr><td class=\"num\">%.4g</td><td class=\"num\">%.0f</td><td class=\"num bar\" "
                       "style=\"--v:%.1f%%\">%.2f %%</td></tr>\n",
                       knn->epochs[i], knn->steps[i], knn->values[i], knn->values[i]);
    }
    moco__html_add(html, "</tbody></table></details>\n");
}

void moco__report_evaluations(moco__html *html, const moco__record *record)
{
    const moco_series *knn = &record->metrics[MOCO__KNN];
    moco__html_add(html, "<h2>Evaluations</h2>\n<div class=\"grid\">\n");
    write_bars(html, record);
    for (size_t i = 0; i < record->result_count; ++i) {
        write_result(html, &record->results[i]);
    }
    write_monitor(html, knn);
    moco__html_add(html, "</div>\n");
    if (knn->count == 0 && record->result_count == 0) {
        moco__html_add(html, "<p class=\"note\">There are no results yet. The kNN monitor (--knn-every) writes some "
                             "during training; <code>moco knn</code>, <code>linear</code> and <code>finetune</code> "
                             "give others, with --json, for the run's folder.</p>\n");
    }
}
