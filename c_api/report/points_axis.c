/* Places the values of a setting on an axis: linear, logarithmic, or in equal distances. */
#include "report/points_axis_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

size_t moco__points_axis_add(moco__points_axis *axis, const char *text)
{
    size_t at = 0;
    while (at < axis->count && strcmp(axis->texts[at], text) != 0) {
        ++at;
    }
    if (at == axis->count && at < MOCO__POINTS_TICKS) {
        axis->texts[axis->count++] = text;
    }
    return at;
}

/* Sets places by a number for each text; returns whether no text is drawn over another. */
static bool place_by(moco__points_axis *axis, const double *numbers, const double *widths)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < axis->count; ++i) {
        low = fmin(low, numbers[i]);
        high = fmax(high, numbers[i]);
    }
    for (size_t i = 0; i < axis->count; ++i) {
        axis->places[i] = high > low ? (numbers[i] - low) / (high - low) : 0.5;
    }
    for (size_t i = 0; i < axis->count; ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (fabs(axis->places[i] - axis->places[j]) < (widths[i] + widths[j]) / 2) {
                return false;
            }
        }
    }
    return true;
}

void moco__points_axis_place(moco__points_axis *axis, const double *widths)
{
    double numbers[MOCO__POINTS_TICKS] = { 0 };
    double logarithms[MOCO__POINTS_TICKS] = { 0 };
    double indices[MOCO__POINTS_TICKS] = { 0 };
    bool are_numbers = true;
    bool are_positive = true;
    for (size_t i = 0; i < axis->count; ++i) {
        char *end = NULL;
        numbers[i] = strtod(axis->texts[i], &end);
        are_numbers = are_numbers && end != axis->texts[i] && *end == '\0' && isfinite(numbers[i]);
        are_positive = are_positive && numbers[i] > 0;
        logarithms[i] = log(fmax(numbers[i], 1e-300));
    }
    for (size_t i = 0; i < axis->count; ++i) { /* numbers in their order, words as they came */
        size_t smaller = 0;
        for (size_t j = 0; are_numbers && j < axis->count; ++j) {
            smaller += numbers[j] < numbers[i] ? 1 : 0;
        }
        indices[i] = are_numbers ? (double)smaller : (double)i;
    }
    if (are_numbers && place_by(axis, numbers, widths)) {
        axis->spacing = MOCO__LINEAR;
    } else if (are_numbers && are_positive && place_by(axis, logarithms, widths)) {
        axis->spacing = MOCO__LOGARITHMIC;
    } else {
        axis->spacing = MOCO__EVEN;
        (void)place_by(axis, indices, widths);
    }
}
