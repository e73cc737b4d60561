/* Draws confusion matrices. */
#include "report/confusion_internal.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"

#include <math.h>
#include <stdio.h>

enum { MARGIN = 14, GAP = 6, TEXT = 12, TITLE = 15, HEAD = 24 };
enum { LARGEST_CELL = 40, PAGE = 1400, MIN_SIDE = 230 };
enum { NAMED = 120 };        /* more classes than these have no names beside their rows */
enum { NUMBERED_CELL = 28 }; /* smaller cells have no number */
enum { SLANTED_CELL = 20 };  /* names of narrower columns stand upright */
enum { NAME_MAX_BYTES = 64, NAME_WIDTH = 170 };
enum { SHADES = 40, SHADE_WIDTH = 3, SHADE_HEIGHT = 10 };
enum { MAX_CLASSES = 10000 };

/* Where all things are. */
typedef struct layout {
    const moco__confusion *confusion;
    moco__canvas *canvas;
    double cell, side;
    double left, top;
    double name_size, name_width; /* 0: no names */
} layout;

/* Returns a colour from white to blue. Confusions are small shares: the shade rises steeply at first. */
static uint32_t shade(double share)
{
    const double strength = pow(share, 0.6);
    uint32_t colour = 0;
    for (int c = 16; c >= 0; c -= 8) {
        const double to = MOCO__BLUE >> c & 255;
        colour = colour << 8 | (uint32_t)(255 + (to - 255) * strength + 0.5);
    }
    return colour;
}

/* Names a class: by its name, else by its number. */
static void name_class(char text[NAME_MAX_BYTES], const moco__confusion *confusion, size_t label)
{
    const char *name = confusion->names != NULL ? confusion->names[label] : NULL;
    if (name != NULL) {
        (void)snprintf(text, NAME_MAX_BYTES, "%s", name);
    } else {
        (void)snprintf(text, NAME_MAX_BYTES, "%zu", label);
    }
}

static double widest_name(const moco__confusion *confusion, double size)
{
    char text[NAME_MAX_BYTES];
    double widest = 0;
    moco__canvas scratch;
    if (moco__canvas_open(&scratch, MOCO_PICTURE_PNG, 1, 1) == MOCO_OK) {
        for (size_t c = 0; c < confusion->classes; ++c) {
            name_class(text, confusion, c);
            widest = fmax(widest, moco__canvas_text_width(&scratch, text, size));
        }
    }
    moco__canvas_close(&scratch);
    return fmin(widest, NAME_WIDTH);
}

static layout lay_out(const moco__confusion *confusion, bool titled)
{
    const double fits = floor((double)PAGE / (double)confusion->classes);
    layout l = { .confusion = confusion, .cell = fmin(fmax(fits, 1), LARGEST_CELL) };
    l.side = l.cell * (double)confusion->classes;
    if (confusion->classes <= NAMED) {
        l.name_size = fmin(TEXT, l.cell * 0.75);
        l.name_width = widest_name(confusion, l.name_size);
    }
    l.left = MARGIN + TEXT + GAP + l.name_width + GAP;
    l.top = MARGIN + (titled ? TITLE + GAP : 0) + HEAD;
    return l;
}

static double height_of_names(const layout *l)
{
    return l->cell >= SLANTED_CELL ? (l->name_width + l->name_size) * 0.72 : l->name_width;
}

/* Writes the title, and below it what the colours mean. */
static void draw_head(const layout *l, const char *title)
{
    const double y = l->top - HEAD + TEXT;
    const char *text = "share of each true class:  0 %";
    if (title != NULL) {
        const moco__label label = { title, MARGIN, MARGIN + TITLE, TITLE, MOCO__INK, MOCO__LEFT, 0, true };
        moco__canvas_text(l->canvas, &label);
    }
    const moco__label low = { text, MARGIN, y, TEXT, MOCO__SOFT, MOCO__LEFT, 0, false };
    moco__canvas_text(l->canvas, &low);
    const double x = MARGIN + moco__canvas_text_width(l->canvas, text, TEXT) + GAP;
    for (int i = 0; i < SHADES; ++i) {
        const moco__box box = { x + i * SHADE_WIDTH, y - SHADE_HEIGHT + 1, SHADE_WIDTH, SHADE_HEIGHT };
        moco__canvas_fill(l->canvas, &box, shade(i / (SHADES - 1.0)));
    }
    const double end = x + SHADES * SHADE_WIDTH + GAP;
    const moco__label high = { "100 %", end, y, TEXT, MOCO__SOFT, MOCO__LEFT, 0, false };
    moco__canvas_text(l->canvas, &high);
}

static void draw_cell(const layout *l, size_t row, size_t column, double share)
{
    char text[16];
    const moco__box box = { l->left + (double)column * l->cell, l->top + (double)row * l->cell, l->cell, l->cell };
    moco__canvas_fill(l->canvas, &box, shade(share));
    if (l->cell < NUMBERED_CELL) {
        return;
    }
    (void)snprintf(text, sizeof text, share < 0.0995 ? "%.1f" : "%.0f", 100 * share);
    const moco__label label = { text,
                                box.x + l->cell / 2,
                                box.y + l->cell / 2 + TEXT * 0.35,
                                TEXT - 1,
                                share > 0.5 ? MOCO__WHITE : MOCO__INK,
                                MOCO__MIDDLE,
                                0,
                                false };
    moco__canvas_text(l->canvas, &label);
}

static void draw_cells(const layout *l)
{
    const size_t classes = l->confusion->classes;
    for (size_t row = 0; row < classes; ++row) {
        const int64_t *counts = l->confusion->matrix + row * classes;
        int64_t sum = 0;
        for (size_t column = 0; column < classes; ++column) {
            sum += counts[column];
        }
        for (size_t column = 0; column < classes; ++column) {
            if (counts[column] > 0) {
                draw_cell(l, row, column, (double)counts[column] / (double)sum);
            }
        }
    }
    const moco__pen ink = { MOCO__SOFT, 1, NULL, 0 };
    const moco__box frame = { l->left, l->top, l->side, l->side };
    moco__canvas_outline(l->canvas, &frame, &ink);
}

static void draw_names(const layout *l)
{
    const bool slanted = l->cell >= SLANTED_CELL;
    for (size_t c = 0; c < l->confusion->classes && l->name_width > 0; ++c) {
        char text[NAME_MAX_BYTES];
        const double middle = ((double)c + 0.5) * l->cell;
        name_class(text, l->confusion, c);
        const double base = l->name_size * 0.35;
        const moco__label row = { text, l->left - GAP, l->top + middle + base, l->name_size, MOCO__INK, MOCO__RIGHT,
                                  0,    false };
        const moco__label column = { text,
                                     l->left + middle + base,
                                     l->top + l->side + GAP + (slanted ? base : 0),
                                     l->name_size,
                                     MOCO__INK,
                                     MOCO__RIGHT,
                                     slanted ? -45 : -90,
                                     false };
        moco__canvas_text(l->canvas, &row);
        moco__canvas_text(l->canvas, &column);
    }
    const moco__label across = {
        "predicted class", l->left + l->side / 2, l->canvas->height - MARGIN, TEXT, MOCO__SOFT, MOCO__MIDDLE, 0, false
    };
    const moco__label down = {
        "true class", MARGIN + TEXT * 0.75, l->top + l->side / 2, TEXT, MOCO__SOFT, MOCO__MIDDLE, -90, false
    };
    moco__canvas_text(l->canvas, &across);
    moco__canvas_text(l->canvas, &down);
}

moco_status moco__confusion_draw(moco__canvas *canvas, const moco__confusion *confusion, moco_picture format,
                                 const char *title)
{
    layout l = lay_out(confusion, title != NULL);
    const double height = l.top + l.side + GAP + height_of_names(&l) + GAP + TEXT + MARGIN;
    MOCO_TRY(moco__canvas_open(canvas, format, l.left + fmax(l.side, MIN_SIDE) + MARGIN, height));
    l.canvas = canvas;
    draw_head(&l, title);
    draw_cells(&l);
    draw_names(&l);
    return canvas->status;
}

moco_status moco_plot_confusion(const char *path, const int64_t *matrix, size_t classes, const char *const *names)
{
    MOCO__IN_C_LOCALE;
    moco_picture format = MOCO_PICTURE_AUTO;
    moco__canvas canvas;
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(matrix);
    if (classes < 1 || classes > MAX_CLASSES) {
        return moco_error_set(MOCO_EINVALID, "plot: a confusion matrix of %zu classes cannot be drawn; use 1 to %d",
                              classes, (int)MAX_CLASSES);
    }
    MOCO_TRY(moco__picture_of(&format, path));
    const moco__confusion confusion = { matrix, classes, names };
    moco_status status = moco__confusion_draw(&canvas, &confusion, format, "Confusion of classes");
    if (status == MOCO_OK) {
        status = moco__canvas_write(&canvas, path);
    }
    moco__canvas_close(&canvas);
    return status;
}
