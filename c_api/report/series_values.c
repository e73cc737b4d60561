/* Computes with the values of a series. */
#include "report/series_values_internal.h"

#include "base/handle_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double moco__median(const double *values, size_t count)
{
    double *sorted = count > 0 ? moco__calloc(count, sizeof *sorted) : NULL;
    if (sorted == NULL) {
        return NAN;
    }
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    const double middle = sorted[count / 2];
    free(sorted);
    return middle;
}

double moco__series_last(const moco_series *series)
{
    return series->count > 0 ? series->values[series->count - 1] : NAN;
}

/* Returns the median number of steps between two values; NaN if memory is out. */
static double usual_interval(const moco_series *series)
{
    double *steps = series->count > 0 ? moco__calloc(series->count, sizeof *steps) : NULL;
    for (size_t i = 0; steps != NULL && i < series->count; ++i) {
        steps[i] = series->steps[i] - (i > 0 ? series->steps[i - 1] : 0);
    }
    const double usual = steps != NULL ? moco__median(steps, series->count) : NAN;
    free(steps);
    return usual;
}

/* Returns the value over two intervals with these numbers of steps. */
static double joined(double first, double first_steps, double second, double second_steps, moco__values values)
{
    const double steps = first_steps + second_steps;
    return values == MOCO__RATES ? steps / (first_steps / first + second_steps / second)
                                 : (first * first_steps + second * second_steps) / steps;
}

void moco__series_merge(moco_series *series, moco__values values)
{
    const double shortest = values == MOCO__POINTS ? NAN : usual_interval(series) / 2;
    size_t kept = 0;
    double begin = 0;  /* the step at which the last kept interval begins */
    double before = 0; /* the step at which the present interval begins */
    for (size_t i = 0; i < series->count; ++i) {
        const double steps = series->steps[i] - before;
        double value = series->values[i];
        if (kept > 0 && steps < shortest) {
            --kept;
            value = joined(series->values[kept], before - begin, value, steps, values);
        } else {
            begin = before;
        }
        before = series->steps[i];
        series->steps[kept] = series->steps[i];
        series->epochs[kept] = series->epochs[i];
        series->values[kept++] = value;
    }
    series->count = kept;
}
