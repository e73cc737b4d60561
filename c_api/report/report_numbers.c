/* Sums a run up in a few numbers. */
#include "report/report_numbers_internal.h"

#include "report/run_charts_internal.h"
#include "report/series_values_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void tile(moco__html *html, const char *name, const char *value, const char *more)
{
    moco__html_add(html, "<div class=\"tile\"><dt>%s</dt><dd class=\"big\">", name);
    moco__html_text(html, value);
    moco__html_add(html, "</dd><dd><small>");
    moco__html_text(html, more);
    moco__html_add(html, "</small></dd></div>\n");
}

/* Returns the seconds of training: the images of each line of metrics.jsonl by their rate. */
static double training_seconds(const moco__record *record)
{
    const moco_series *rate = &record->metrics[MOCO__RATE];
    const double batch = moco__record_number(record, "batch");
    double seconds = 0;
    double before = 0;
    for (size_t i = 0; i < rate->count; ++i) {
        seconds += rate->values[i] > 0 ? (rate->steps[i] - before) * batch / rate->values[i] : 0;
        before = rate->steps[i];
    }
    return seconds;
}

static void loss_tiles(moco__html *html, const moco__record *record)
{
    char value[64];
    char more[96] = "InfoNCE";
    const double chance = moco__run_chance(record);
    (void)snprintf(value, sizeof value, "%.3f", moco__series_last(&record->metrics[MOCO__LOSS]));
    if (isfinite(chance)) {
        (void)snprintf(more, sizeof more, "InfoNCE; chance %.3f", chance);
    }
    tile(html, "Loss", value, more);
    if (record->metrics[MOCO__ACC1].count > 0) {
        (void)snprintf(value, sizeof value, "%.1f %%", moco__series_last(&record->metrics[MOCO__ACC1]));
        (void)snprintf(more, sizeof more, "top-1; top-5 %.1f %%", moco__series_last(&record->metrics[MOCO__ACC5]));
        tile(html, "Contrastive accuracy", value, more);
    }
}

static void knn_tile(moco__html *html, const moco_series *knn)
{
    char value[64];
    char more[128];
    size_t best = 0;
    for (size_t i = 0; i < knn->count; ++i) {
        best = knn->values[i] > knn->values[best] ? i : best;
    }
    (void)snprintf(value, sizeof value, "%.2f %%", moco__series_last(knn));
    (void)snprintf(more, sizeof more, "best %.2f %% at epoch %.4g", knn->values[best], knn->epochs[best]);
    if (knn->steps[0] == 0) {
        const size_t used = strlen(more); /* a file may hold any number, and 1e300 has 301 digits */
        (void)snprintf(more + used, sizeof more - used, "; before training %.2f %%", knn->values[0]);
    }
    tile(html, "kNN accuracy", value, more);
}

/* Says that the training made the features worse. */
static void warn_of_loss(moco__html *html, const moco_series *knn)
{
    if (knn->count > 1 && knn->steps[0] == 0 && moco__series_last(knn) < knn->values[0]) {
        moco__html_add(html,
                       "<p class=\"note\">The kNN accuracy, %.2f %%, is below that of the network before training, "
                       "%.2f %%: the training has made its features worse.</p>\n",
                       moco__series_last(knn), knn->values[0]);
    }
}

static void speed_tiles(moco__html *html, const moco__record *record)
{
    char value[64];
    char more[96];
    double wait = 0;
    const moco_series *waits = &record->metrics[MOCO__WAIT];
    for (size_t i = 0; i < waits->count; ++i) {
        wait += waits->values[i] / (double)waits->count;
    }
    (void)snprintf(value, sizeof value, "%.0f",
                   moco__median(record->metrics[MOCO__RATE].values, record->metrics[MOCO__RATE].count));
    (void)snprintf(more, sizeof more, "median; waiting for data %.1f %%", wait);
    tile(html, "Images per second", value, more);
    const double seconds = training_seconds(record);
    if (isfinite(seconds)) {
        const long long all = (long long)(seconds + 0.5);
        (void)snprintf(value, sizeof value, "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
        tile(html, "Training time", value, "h:mm:ss, without evaluation");
    }
}

void moco__report_numbers(moco__html *html, const moco__record *record)
{
    char value[64];
    char more[96];
    const moco_series *loss = &record->metrics[MOCO__LOSS];
    if (loss->count == 0) {
        moco__html_add(html, "<p class=\"note\">No metrics have been written yet.</p>\n");
        return;
    }
    moco__html_add(html, "<h2>In numbers</h2>\n<dl class=\"grid tiles\">\n");
    loss_tiles(html, record);
    if (record->metrics[MOCO__KNN].count > 0) {
        knn_tile(html, &record->metrics[MOCO__KNN]);
    }
    if (record->metrics[MOCO__RATE].count > 0) {
        speed_tiles(html, record);
    }
    (void)snprintf(value, sizeof value, "%.0f", loss->steps[loss->count - 1]);
    (void)snprintf(more, sizeof more, "%.4g epochs, batch %.0f", loss->epochs[loss->count - 1],
                   moco__record_number(record, "batch"));
    tile(html, "Steps", value, more);
    moco__html_add(html, "</dl>\n");
    warn_of_loss(html, &record->metrics[MOCO__KNN]);
}
