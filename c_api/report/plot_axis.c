/* Axes with round ticks. */
#include "report/plot_axis_internal.h"

#include <math.h>

enum { TICKS = 6 };

/* 1, 2 or 5 times a power of ten, so that about TICKS ticks fit. */
static double round_step(double span)
{
    const double raw = span / TICKS;
    const double power = pow(10, floor(log10(raw)));
    const double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

moco__axis moco__axis_make(double min, double max)
{
    if (!(max > min)) { /* a lone value, or none */
        const double room = min == 0 ? 1 : fabs(min) / 2;
        min -= room;
        max += room;
    }
    const double step = round_step(max - min);
    return (moco__axis){ floor(min / step + 1e-9) * step, ceil(max / step - 1e-9) * step, step };
}

void moco__axes_of_chart(const moco__chart *chart, moco__axis *x, moco__axis *y)
{
    double x_max = 0;
    double y_min = INFINITY;
    double y_max = -INFINITY;
    for (size_t l = 0; l < chart->count; ++l) {
        for (size_t i = 0; i < chart->lines[l]->count; ++i) {
            x_max = fmax(x_max, chart->lines[l]->epochs[i]);
            y_min = fmin(y_min, chart->lines[l]->values[i]);
            y_max = fmax(y_max, chart->lines[l]->values[i]);
        }
    }
    *x = moco__axis_make(0, x_max > 0 ? x_max : 1);
    x->max = x_max > 0 ? x_max : 1;
    *y = isfinite(y_min) ? moco__axis_make(y_min, y_max) : moco__axis_make(0, 1);
}

bool moco__axis_tick(double *value, const moco__axis *axis, int index)
{
    const double at = axis->min + index * axis->step;
    *value = fabs(at) < axis->step / 1e6 ? 0 : at;
    return at <= axis->max + axis->step * 1e-6;
}
