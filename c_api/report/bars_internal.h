/* Draws percentages as horizontal bars. */
#ifndef MOCO_REPORT_BARS_INTERNAL_H
#define MOCO_REPORT_BARS_INTERNAL_H

#include "report/canvas_internal.h"

/* One bar. */
typedef struct moco__bar {
    char name[96];
    double value; /* percent */
    bool is_baseline;
} moco__bar;

/* Draws bars from 0 to 100 percent into a page. */
void moco__bars_inline(const moco__bar *bars, size_t count, moco__html *html);

#endif
