/* Makes axes with round ticks. */
#include "report/chart_axis_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double smallest_plain = 1e-3; /* values from here on */
static const double largest_plain = 1e6;   /* to here are written without a power of ten */

/* Returns 1, 2 or 5 times a power of ten, so that about that many ticks fit. */
static double round_step(double span, int ticks)
{
    const double raw = span / ticks;
    const double power = pow(10, floor(log10(raw)));
    const double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

moco__axis moco__axis_make(double min, double max, int ticks)
{
    if (!(max > min)) { /* a single value, or none */
        const double room = fabs(min) / 2;
        max += min == 0 ? 1 : room; /* few values are negative */
        min -= room;
    }
    const double step = round_step(max - min, ticks);
    const double largest = fmax(fabs(min), fabs(max));
    const bool is_plain = largest > smallest_plain && largest < largest_plain;
    return (moco__axis){ floor(min / step + 1e-9) * step, ceil(max / step - 1e-9) * step, step,
                         is_plain ? 0 : (int)floor(log10(largest)) };
}

bool moco__axis_tick(double *value, const moco__axis *axis, int index)
{
    const double at = axis->min + index * axis->step;
    *value = fabs(at) < axis->step / 1e6 ? 0 : at;
    return at <= axis->max + axis->step * 1e-6;
}

static int decimals_of(const moco__axis *axis)
{
    return (int)fmax(0, -floor(log10(axis->step / pow(10, axis->exponent)) + 1e-9));
}

void moco__axis_text(char *text, size_t size, const moco__axis *axis, double value)
{
    (void)snprintf(text, size, "%.*f", decimals_of(axis), value / pow(10, axis->exponent));
}

void moco__axis_value(char *text, size_t size, const moco__axis *axis, double value)
{
    const int decimals = (int)fmax(2, decimals_of(axis) + 1);
    const bool vanishes = value != 0 && fabs(value) < 0.5 * pow(10, -decimals);
    if (axis->exponent != 0 || vanishes) {
        (void)snprintf(text, size, "%.2g", value);
    } else {
        (void)snprintf(text, size, "%.*f", decimals, value);
    }
}

void moco__axis_label(char *text, size_t size, const moco__axis *axis, const char *label)
{
    static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
    const int exponent = abs(axis->exponent);
    if (exponent == 0) {
        (void)snprintf(text, size, "%s", label);
        return;
    }
    (void)snprintf(text, size, "%s (×10%s%s%s)", label, axis->exponent < 0 ? "⁻" : "",
                   exponent >= 10 ? digits[exponent / 10 % 10] : "", digits[exponent % 10]);
}
