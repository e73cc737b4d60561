/* Makes the charts of a run. */
#include "report/run_charts_internal.h"

#include "method/loss_bounds_internal.h"

#include "moco/option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 3 };

static void guide_loss(moco__chart *chart, const moco__record *record);
static void guide_accuracy(moco__chart *chart, const moco__record *record);
static void guide_knn(moco__chart *chart, const moco__record *record);
static void guide_spread(moco__chart *chart, const moco__record *record);
static void guide_alpha(moco__chart *chart, const moco__record *record);

static const struct {
    const char *file, *title, *label;
    struct {
        moco__metric_kind metric;
        const char *name; /* NULL: there is no such line */
    } lines[LINES];
    bool is_stepped;
    void (*guide)(moco__chart *chart, const moco__record *record);
} charts[MOCO__RUN_CHARTS] = {
    { "loss", "InfoNCE loss", "loss (nats)", { { MOCO__LOSS, "loss" } }, false, guide_loss },
    { "accuracy",
      "Contrastive accuracy",
      "accuracy (%)",
      { { MOCO__ACC1, "top-1" }, { MOCO__ACC5, "top-5" } },
      false,
      guide_accuracy },
    { "knn", "kNN accuracy on test images", "accuracy (%)", { { MOCO__KNN, "kNN" } }, false, guide_knn },
    { "lr", "Learning rate", "learning rate", { { MOCO__LR, "learning rate" } }, true, NULL },
    { "rank",
      "Effective rank of features",
      "dimensions",
      { { MOCO__POOLED_RANK, "pooled features (RankMe)" },
        { MOCO__OUTPUT_RANK, "embeddings (RankMe)" },
        { MOCO__LIDAR, "LiDAR" } },
      false,
      NULL },
    { "spread",
      "Spread of embeddings and features",
      "spread",
      { { MOCO__SPREAD, "embeddings in training" }, { MOCO__POOLED_SPREAD, "pooled features" } },
      false,
      guide_spread },
    { NULL,
      "Alignment and uniformity",
      "lower is better",
      { { MOCO__ALIGNMENT, "alignment" }, { MOCO__UNIFORMITY, "uniformity" } },
      false,
      NULL },
    { NULL,
      "Decay of the spectrum (alpha-ReQ)",
      "alpha",
      { { MOCO__POOLED_ALPHA, "pooled features" }, { MOCO__OUTPUT_ALPHA, "embeddings" } },
      false,
      guide_alpha },
    { NULL, "Training speed", "images/s", { { MOCO__RATE, "images/s" } }, false, NULL },
    { NULL, "Time spent waiting for data", "share of time (%)", { { MOCO__WAIT, "data wait" } }, false, NULL },
};

/* Returns the mechanism of a run; that of runs before 0.2 is MoCo. */
static moco_mechanism mechanism_of(const moco__record *record)
{
    char text[32] = "";
    const char *const *names = MOCO_CHOICES(MOCO_MECHANISM_MAP);
    (void)moco__record_setting(text, sizeof text, record, "mechanism");
    for (int i = 0; names[i] != NULL; ++i) {
        if (strcmp(text, names[i]) == 0) {
            return (moco_mechanism)i;
        }
    }
    return MOCO_MECHANISM_MOCO;
}

/* Returns a whole number of at least 1; 0 if there is none. */
static int64_t count_of(const moco__record *record, const char *name)
{
    const double value = moco__record_number(record, name);
    return value >= 1 && value < 1e15 ? (int64_t)value : 0;
}

/* Computes what the loss can be, as far as the settings say; the rest is NaN. */
static moco__loss_bounds bounds_of(const moco__record *record)
{
    char symmetric[8] = "";
    (void)moco__record_setting(symmetric, sizeof symmetric, record, "symmetric");
    const moco__loss_setting setting = { .mechanism = mechanism_of(record),
                                         .queue_size = count_of(record, "queue_size"),
                                         .batch = count_of(record, "batch"),
                                         .dim = count_of(record, "dim"),
                                         .temperature = moco__record_number(record, "temperature"),
                                         .symmetric = strcmp(symmetric, "true") == 0 };
    moco__loss_bounds bounds = moco__loss_bounds_of(&setting);
    if (!(bounds.negatives >= 1)) {
        bounds.negatives = bounds.chance = NAN;
    }
    if (setting.dim < 1 || !(setting.temperature > 0)) {
        bounds.floor = NAN;
    }
    return bounds;
}

double moco__run_chance(const moco__record *record)
{
    return bounds_of(record).chance;
}

static void guide_loss(moco__chart *chart, const moco__record *record)
{
    const moco__loss_bounds bounds = bounds_of(record);
    moco__chart_guide(chart, bounds.chance, "chance");
    if (isfinite(bounds.chance)) {
        moco__chart_guide(chart, bounds.floor, "expected floor");
    }
}

static void guide_accuracy(moco__chart *chart, const moco__record *record)
{
    moco__chart_guide(chart, 100 / (bounds_of(record).negatives + 1), "chance (top-1)");
}

/* Adds the result of a baseline as a guide. */
static void guide_baseline(moco__chart *chart, const json_t *root, const char *baseline, const char *name)
{
    char text[64];
    const char *of = json_string_value(json_object_get(root, "baseline"));
    const json_t *accuracy = json_object_get(root, "knn_acc1");
    if (of != NULL && strcmp(of, baseline) == 0 && json_is_number(accuracy)) {
        (void)snprintf(text, sizeof text, "%s (k %d)", name, (int)json_integer_value(json_object_get(root, "k")));
        moco__chart_guide(chart, json_number_value(accuracy), text);
    }
}

/* Returns the number of classes that a result names; 0 if it names none. */
static double classes_of(const json_t *root)
{
    const json_t *classes = json_object_get(root, "classes");
    return json_is_integer(classes) ? (double)json_integer_value(classes) : (double)json_array_size(classes);
}

static void guide_knn(moco__chart *chart, const moco__record *record)
{
    const moco_series *knn = &record->metrics[MOCO__KNN];
    const moco_series *k = &record->metrics[MOCO__KNN_K];
    const bool has_start = knn->count > 0 && knn->steps[0] == 0;
    double classes = 0;
    if (k->count > 0) {
        (void)snprintf(chart->lines[0].name, sizeof chart->lines[0].name, "kNN (k %.0f)", k->values[k->count - 1]);
    }
    if (has_start) {
        moco__chart_guide(chart, knn->values[0], "untrained network");
    }
    for (size_t i = 0; i < record->result_count; ++i) {
        const json_t *root = record->results[i].root;
        guide_baseline(chart, root, "pixels", "raw pixels");
        if (!has_start) {
            guide_baseline(chart, root, "random", "untrained network");
        }
        classes = fmax(classes, classes_of(root));
    }
    if (classes > 0) {
        moco__chart_guide(chart, 100 / classes, "chance");
    }
}

static void guide_spread(moco__chart *chart, const moco__record *record)
{
    (void)record;
    moco__chart_guide(chart, 1, "in all directions");
    moco__chart_guide(chart, 0, "all equal");
}

static void guide_alpha(moco__chart *chart, const moco__record *record)
{
    (void)record;
    moco__chart_guide(chart, 1, "a good value");
}

const char *moco__run_chart(moco__chart *chart, const moco__record *record, size_t index)
{
    *chart = (moco__chart){ .title = charts[index].title,
                            .label = charts[index].label,
                            .is_stepped = charts[index].is_stepped };
    for (size_t l = 0; l < LINES && charts[index].lines[l].name != NULL; ++l) {
        const moco_series *series = &record->metrics[charts[index].lines[l].metric];
        if (series->count > 0) {
            (void)snprintf(chart->lines[chart->count].name, sizeof chart->lines[0].name, "%s",
                           charts[index].lines[l].name);
            chart->lines[chart->count++].series = series;
        }
    }
    if (chart->count > 0 && charts[index].guide != NULL) {
        charts[index].guide(chart, record);
    }
    return charts[index].file;
}
