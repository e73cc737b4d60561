/* Makes axes with round ticks. */
#ifndef MOCO_REPORT_CHART_AXIS_INTERNAL_H
#define MOCO_REPORT_CHART_AXIS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct moco__axis {
    double min, max, step; /* ticks are at multiples of step */
    int exponent;          /* ticks show their value / 10^exponent; 0 for numbers that people write in full */
} moco__axis;

/* Returns an axis from the round number below min to the one above max, with about that many ticks. */
moco__axis moco__axis_make(double min, double max, int ticks);

/* Gives the index-th tick; returns false beyond the axis. */
bool moco__axis_tick(double *value, const moco__axis *axis, int index);

/* Writes a tick's number; all numbers of an axis have the same number of decimals. */
void moco__axis_text(char *text, size_t size, const moco__axis *axis, double value);

/* Writes a value for the legend: more exactly than a tick's number, and with as many decimals as other such values. */
void moco__axis_value(char *text, size_t size, const moco__axis *axis, double value);

/* Writes a label with the axis' power of ten, if it has one: "learning rate (×10⁻⁴)". */
void moco__axis_label(char *text, size_t size, const moco__axis *axis, const char *label);

#endif
