/* Draws on a white page with Cairo, and gives it as a PNG, SVG or PDF file. */
#ifndef MOCO_REPORT_CANVAS_INTERNAL_H
#define MOCO_REPORT_CANVAS_INTERNAL_H

#include "moco/image.h"
#include "moco/plot.h"
#include "report/html_internal.h"

#include <cairo.h>

/* The colours of all pictures. Lines and frames differ in lightness too, so that they also work in grey and for people
 * with a colour deficiency. */
enum {
    MOCO__WHITE = 0xFFFFFF,
    MOCO__INK = 0x222222,
    MOCO__SOFT = 0x5C5C5C,
    MOCO__GRID = 0xE4E4E4,
    MOCO__BLUE = 0x0B5394,
    MOCO__ORANGE = 0xD55E00,
    MOCO__GREEN = 0x2AA882,
    MOCO__YELLOW = 0xE3A514,
    MOCO__GREY = 0x9A9A9A
};

enum { MOCO__CANVAS_SCALE = 2 }; /* pixels per unit of a PNG file */

/* The first failure sticks: later calls do nothing, and finish reports it. Coordinates are in units of 1/72 inch, y
 * downwards. */
typedef struct moco__canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    moco_picture format;
    double width, height;
    moco__bytes bytes; /* of the file */
    moco__html texts;  /* the texts of an SVG file: Cairo would write them as outlines, which nobody can search */
    moco_status status;
} moco__canvas;

typedef enum moco__align { MOCO__LEFT, MOCO__MIDDLE, MOCO__RIGHT } moco__align;

/* A text whose base line starts, is centred, or ends at a point. */
typedef struct moco__label {
    const char *text;
    double x, y;
    double size;
    uint32_t colour;
    moco__align align;
    double angle; /* degrees, clockwise around the point */
    bool bold;
} moco__label;

/* How a line is drawn. */
typedef struct moco__pen {
    uint32_t colour;
    double width;
    const double *dash; /* NULL: solid */
    int dashes;
} moco__pen;

/* A rectangle on the page. */
typedef struct moco__box {
    double x, y, width, height;
} moco__box;

/* The format that a file's ending names, unless one is given. */
moco_status moco__picture_of(moco_picture *format, const char *path);

/* Opens a page. Close it in any case. */
moco_status moco__canvas_open(moco__canvas *canvas, moco_picture format, double width, double height);
void moco__canvas_close(moco__canvas *canvas);
/* Completes the page's bytes. */
moco_status moco__canvas_finish(moco__canvas *canvas);
/* Completes the page and writes it to a file. */
moco_status moco__canvas_write(moco__canvas *canvas, const char *path);
/* Completes an SVG page and adds it to HTML as an element. @param label describes the picture to those who cannot see
 * it */
void moco__canvas_inline(moco__canvas *canvas, moco__html *html, const char *label);

void moco__canvas_text(moco__canvas *canvas, const moco__label *label);
double moco__canvas_text_width(moco__canvas *canvas, const char *text, double size);
/* A line through points (x, y). */
void moco__canvas_line(moco__canvas *canvas, const double *xy, size_t count, const moco__pen *pen);
/* Fills the area within points (x, y). @param opacity 0 to 1 */
void moco__canvas_area(moco__canvas *canvas, const double *xy, size_t count, uint32_t colour, double opacity);
void moco__canvas_fill(moco__canvas *canvas, const moco__box *box, uint32_t colour);
void moco__canvas_outline(moco__canvas *canvas, const moco__box *box, const moco__pen *pen);
/* @param opacity 0 to 1 */
void moco__canvas_dot(moco__canvas *canvas, double x, double y, double radius, uint32_t colour, double opacity);
/* Scales an image into a box; enlarged pixels stay sharp squares. */
void moco__canvas_image(moco__canvas *canvas, const moco_image *image, const moco__box *box);

#endif
