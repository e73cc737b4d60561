/* Draws percentages as horizontal bars. */
#include "report/bars_internal.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, TEXT = 12, ROW = 26, BAR = 16, MARGIN = 8, GAP = 8, FOOT = 22, VALUE = 56, TICK = 25 };

static void draw_bar(moco__canvas *canvas, const moco__bar *bar, double left, double y, double full)
{
    char text[16];
    const double base = y + BAR / 2.0 + TEXT * 0.35;
    const double length = fmin(fmax(bar->value, 0), 100) / 100 * full;
    const moco__box box = { left, y, length, BAR };
    moco__canvas_fill(canvas, &box, bar->is_baseline ? MOCO__GREY : MOCO__BLUE);
    const moco__label name = { bar->name, left - GAP, base, TEXT, MOCO__INK, MOCO__RIGHT, 0, false };
    moco__canvas_text(canvas, &name);
    (void)snprintf(text, sizeof text, "%.2f %%", bar->value);
    const moco__label value = {
        text, left + length + GAP / 2.0, base, TEXT, MOCO__INK, MOCO__LEFT, 0, !bar->is_baseline
    };
    moco__canvas_text(canvas, &value);
}

static void draw(moco__canvas *canvas, const moco__bar *bars, size_t count)
{
    double left = 0;
    for (size_t i = 0; i < count; ++i) {
        left = fmax(left, moco__canvas_text_width(canvas, bars[i].name, TEXT));
    }
    left = fmin(left, WIDTH / 2.0) + GAP + MARGIN;
    const double full = WIDTH - VALUE - MARGIN - left;
    const double bottom = canvas->height - FOOT;
    for (int percent = 0; percent <= 100; percent += TICK) {
        char text[16];
        const double x = left + full * percent / 100;
        const double line[4] = { x, 0, x, bottom };
        const moco__pen pen = { percent > 0 ? MOCO__GRID : MOCO__SOFT, 1, NULL, 0 };
        moco__canvas_line(canvas, line, 2, &pen);
        (void)snprintf(text, sizeof text, "%d %%", percent);
        const moco__label label = { text, x, bottom + TEXT + 4, TEXT, MOCO__SOFT, MOCO__MIDDLE, 0, false };
        moco__canvas_text(canvas, &label);
    }
    for (size_t i = 0; i < count; ++i) {
        draw_bar(canvas, &bars[i], left, MARGIN / 2.0 + (double)i * ROW, full);
    }
}

void moco__bars_inline(const moco__bar *bars, size_t count, moco__html *html)
{
    moco__canvas canvas;
    if (moco__canvas_open(&canvas, MOCO_PICTURE_SVG, WIDTH, (double)count * ROW + MARGIN + FOOT) == MOCO_OK) {
        draw(&canvas, bars, count);
    }
    moco__canvas_inline(&canvas, html, "Accuracies as bars, from 0 to 100 percent");
    moco__canvas_close(&canvas);
}
