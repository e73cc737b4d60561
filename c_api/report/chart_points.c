/* Chooses what a chart shows of a series. */
#include "report/chart_points_internal.h"

#include "base/handle_internal.h"

#include <math.h>
#include <stdlib.h>

enum { BUCKETS = 160, STEPS = 1000 }; /* more would not be seen */

bool moco__points_are_dense(const moco_series *series)
{
    return series->count > 2 * (size_t)BUCKETS;
}

static void add(double *xy, size_t *count, double x, double y)
{
    xy[2 * *count] = x;
    xy[2 * *count + 1] = y;
    *count += 1;
}

/* Gives the points of a line that keeps each value until the next. */
static moco_status choose_steps(moco__points *points, const moco_series *series)
{
    const size_t steps = series->count < STEPS ? series->count : STEPS;
    double before = 0;
    points->line = moco__calloc(4 * steps + 1, sizeof *points->line);
    if (points->line == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t s = 0; s < steps; ++s) {
        const size_t i = (s + 1) * series->count / steps - 1;
        add(points->line, &points->count, before, series->values[i]);
        add(points->line, &points->count, series->epochs[i], series->values[i]);
        before = series->epochs[i];
    }
    return MOCO_OK;
}

static moco_status choose_all(moco__points *points, const moco_series *series)
{
    points->line = moco__calloc(2 * series->count + 1, sizeof *points->line);
    if (points->line == NULL) {
        return MOCO_ENOMEM;
    }
    for (size_t i = 0; i < series->count; ++i) {
        add(points->line, &points->count, series->epochs[i], series->values[i]);
    }
    return MOCO_OK;
}

/* Gives the mean of each bucket of points as the line; its highest and its lowest value as the band. */
static moco_status choose_buckets(moco__points *points, const moco_series *series)
{
    points->line = moco__calloc((size_t)2 * BUCKETS, sizeof *points->line);
    points->band = moco__calloc((size_t)4 * BUCKETS, sizeof *points->band);
    if (points->line == NULL || points->band == NULL) {
        return MOCO_ENOMEM;
    }
    const size_t last = (size_t)4 * BUCKETS - 1;
    for (size_t b = 0; b < BUCKETS; ++b) {
        const size_t begin = b * series->count / BUCKETS;
        const size_t end = (b + 1) * series->count / BUCKETS;
        double low = INFINITY;
        double high = -INFINITY;
        double sum = 0;
        for (size_t i = begin; i < end; ++i) {
            low = fmin(low, series->values[i]);
            high = fmax(high, series->values[i]);
            sum += series->values[i];
        }
        const double x = (series->epochs[begin] + series->epochs[end - 1]) / 2;
        add(points->line, &points->count, x, sum / (double)(end - begin));
        points->band[2 * b] = x;
        points->band[2 * b + 1] = high;
        points->band[last - 2 * b - 1] = x;
        points->band[last - 2 * b] = low;
    }
    points->band_count = (size_t)2 * BUCKETS;
    return MOCO_OK;
}

moco_status moco__points_choose(moco__points *points, const moco_series *series, bool is_stepped)
{
    *points = (moco__points){ .line = NULL };
    if (is_stepped) {
        return choose_steps(points, series);
    }
    return moco__points_are_dense(series) ? choose_buckets(points, series) : choose_all(points, series);
}

void moco__points_free(moco__points *points)
{
    free(points->line);
    free(points->band);
    *points = (moco__points){ .line = NULL };
}
