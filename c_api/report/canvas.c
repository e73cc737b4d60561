/* Draws on a white page with Cairo. */
#include "report/canvas_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/utf8_internal.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TEXT_MAX = 512 };
static const char *const font = "sans-serif";
static const double largest_zoom = 1.25; /* of a picture in a page */

moco_status moco__picture_of(moco_picture *format, const char *path)
{
    static const struct {
        const char *ending;
        moco_picture format;
    } known[] = { { ".png", MOCO_PICTURE_PNG }, { ".svg", MOCO_PICTURE_SVG }, { ".pdf", MOCO_PICTURE_PDF } };
    if (*format != MOCO_PICTURE_AUTO) {
        return MOCO_OK;
    }
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        if (length > 4 && strcasecmp(path + length - 4, known[i].ending) == 0) {
            *format = known[i].format;
            return MOCO_OK;
        }
    }
    return moco_error_set(MOCO_EINVALID, "plot: %s has an unknown ending; use .png, .svg or .pdf", path);
}

/* Cairo's callback for the bytes of a file. */
static cairo_status_t take_bytes(void *closure, const unsigned char *data, unsigned length)
{
    moco__canvas *canvas = closure;
    canvas->status = moco__bytes_append(&canvas->bytes, data, length);
    return canvas->status == MOCO_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

static cairo_surface_t *make_surface(moco__canvas *canvas)
{
    switch (canvas->format) {
    case MOCO_PICTURE_SVG:
        return cairo_svg_surface_create_for_stream(take_bytes, canvas, canvas->width, canvas->height);
    case MOCO_PICTURE_PDF:
        return cairo_pdf_surface_create_for_stream(take_bytes, canvas, canvas->width, canvas->height);
    case MOCO_PICTURE_AUTO:
    case MOCO_PICTURE_PNG:
        break;
    }
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(canvas->width * MOCO__CANVAS_SCALE),
                                   (int)ceil(canvas->height * MOCO__CANVAS_SCALE));
    cairo_surface_set_device_scale(surface, MOCO__CANVAS_SCALE, MOCO__CANVAS_SCALE);
    return surface;
}

/* Keeps Cairo's first failure. */
static void check(moco__canvas *canvas, cairo_status_t status)
{
    if (canvas->status == MOCO_OK && status != CAIRO_STATUS_SUCCESS) {
        canvas->status = moco_error_set(status == CAIRO_STATUS_NO_MEMORY ? MOCO_ENOMEM : MOCO_EINTERNAL,
                                        "plot: Cairo cannot draw a picture of %g x %g: %s", canvas->width,
                                        canvas->height, cairo_status_to_string(status));
    }
}

moco_status moco__canvas_open(moco__canvas *canvas, moco_picture format, double width, double height)
{
    *canvas = (moco__canvas){ .format = format, .width = ceil(width), .height = ceil(height) };
    canvas->surface = make_surface(canvas);
    canvas->cairo = cairo_create(canvas->surface);
    check(canvas, cairo_status(canvas->cairo));
    const moco__box page = { 0, 0, canvas->width, canvas->height };
    moco__canvas_fill(canvas, &page, MOCO__WHITE);
    return canvas->status;
}

void moco__canvas_close(moco__canvas *canvas)
{
    if (canvas->cairo != NULL) {
        cairo_destroy(canvas->cairo);
        cairo_surface_destroy(canvas->surface);
    }
    moco__bytes_free(&canvas->bytes);
    moco__bytes_free(&canvas->texts.bytes);
    *canvas = (moco__canvas){ .status = MOCO_OK };
}

/* Puts the texts before the last "</svg>". */
static moco_status add_texts(moco__canvas *canvas)
{
    static const char end[] = "</svg>";
    moco__bytes *bytes = &canvas->bytes;
    MOCO_TRY(canvas->texts.status);
    while (bytes->size >= sizeof end - 1 &&
           memcmp(bytes->data + bytes->size - (sizeof end - 1), end, sizeof end - 1) != 0) {
        bytes->size -= 1;
    }
    bytes->size -= bytes->size >= sizeof end - 1 ? sizeof end - 1 : bytes->size;
    static const char group[] = "<g font-family=\"'DejaVu Sans',Verdana,sans-serif\">\n";
    MOCO_TRY(moco__bytes_append(bytes, group, sizeof group - 1));
    MOCO_TRY(moco__bytes_append(bytes, canvas->texts.bytes.data, canvas->texts.bytes.size));
    static const char close[] = "</g>\n</svg>\n";
    return moco__bytes_append(bytes, close, sizeof close - 1);
}

moco_status moco__canvas_finish(moco__canvas *canvas)
{
    check(canvas, cairo_status(canvas->cairo));
    if (canvas->status == MOCO_OK && canvas->format == MOCO_PICTURE_PNG) {
        check(canvas, cairo_surface_write_to_png_stream(canvas->surface, take_bytes, canvas));
    }
    cairo_surface_finish(canvas->surface);
    check(canvas, cairo_surface_status(canvas->surface));
    if (canvas->status == MOCO_OK && canvas->format == MOCO_PICTURE_SVG) {
        canvas->status = add_texts(canvas);
    }
    return canvas->status;
}

moco_status moco__canvas_write(moco__canvas *canvas, const char *path)
{
    MOCO_TRY(moco__canvas_finish(canvas));
    return moco__file_write(path, canvas->bytes.data, canvas->bytes.size);
}

void moco__canvas_inline(moco__canvas *canvas, moco__html *html, const char *label)
{
    if (moco__canvas_finish(canvas) != MOCO_OK) {
        html->status = html->status == MOCO_OK ? canvas->status : html->status;
        return;
    }
    /* Cairo's own opening tag fixes a size and names a schema, neither of which a page needs. */
    const char *bytes = (const char *)canvas->bytes.data;
    const char *tag = memmem(bytes, canvas->bytes.size, "<svg", 4);
    const char *inside = tag != NULL ? memchr(tag, '>', canvas->bytes.size - (size_t)(tag - bytes)) : NULL;
    if (inside == NULL) {
        html->status = moco_error_set(MOCO_EINTERNAL, "plot: Cairo wrote an SVG file without an svg element");
        return;
    }
    moco__html_add(html, "<svg viewBox=\"0 0 %g %g\" style=\"max-width:%gpx\" role=\"img\" aria-label=\"",
                   canvas->width, canvas->height, canvas->width * largest_zoom);
    moco__html_text(html, label);
    moco__html_add(html, "\">");
    moco__html_bytes(html, inside + 1, canvas->bytes.size - (size_t)(inside + 1 - bytes));
}

/* ---- Text ---- */

/* Copies what Cairo takes for text: it refuses all that is not UTF-8. */
static void clean(char out[TEXT_MAX], const char *text)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    size_t used = 0;
    for (size_t left = strlen(text); left > 0 && used + 5 < TEXT_MAX;) {
        const size_t length = moco__utf8_length(text, left);
        const bool shown = length > 1 || (length == 1 && (unsigned char)text[0] >= 0x20 && text[0] != 0x7F);
        memcpy(out + used, shown ? text : unknown, shown ? length : sizeof unknown - 1);
        used += shown ? length : sizeof unknown - 1;
        text += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
    out[used] = '\0';
}

static void choose_font(moco__canvas *canvas, double size, bool bold)
{
    cairo_select_font_face(canvas->cairo, font, CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(canvas->cairo, size);
}

static void choose_colour(moco__canvas *canvas, uint32_t colour, double opacity)
{
    cairo_set_source_rgba(canvas->cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                          (colour & 255) / 255.0, opacity);
}

double moco__canvas_text_width(moco__canvas *canvas, const char *text, double size)
{
    char cleaned[TEXT_MAX];
    cairo_text_extents_t extents;
    clean(cleaned, text);
    choose_font(canvas, size, false);
    cairo_text_extents(canvas->cairo, cleaned, &extents);
    return extents.x_advance;
}

static void write_svg_text(moco__canvas *canvas, const moco__label *l)
{
    static const char *const anchors[] = { "start", "middle", "end" };
    moco__html *html = &canvas->texts;
    moco__html_add(html, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" fill=\"#%06x\"", l->x, l->y, l->size,
                   (unsigned)l->colour);
    if (l->align != MOCO__LEFT) {
        moco__html_add(html, " text-anchor=\"%s\"", anchors[l->align]);
    }
    if (l->angle != 0) {
        moco__html_add(html, " transform=\"rotate(%g %.1f %.1f)\"", l->angle, l->x, l->y);
    }
    moco__html_add(html, "%s>", l->bold ? " font-weight=\"bold\"" : "");
    moco__html_text(html, l->text);
    moco__html_add(html, "</text>\n");
}

void moco__canvas_text(moco__canvas *canvas, const moco__label *label)
{
    static const double degree = 3.14159265358979323846 / 180;
    char cleaned[TEXT_MAX];
    cairo_text_extents_t extents;
    if (canvas->format == MOCO_PICTURE_SVG) {
        write_svg_text(canvas, label);
        return;
    }
    clean(cleaned, label->text);
    choose_font(canvas, label->size, label->bold);
    choose_colour(canvas, label->colour, 1);
    cairo_text_extents(canvas->cairo, cleaned, &extents);
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, label->x, label->y);
    cairo_rotate(canvas->cairo, label->angle * degree);
    cairo_move_to(canvas->cairo, -extents.x_advance * (int)label->align / 2, 0);
    cairo_show_text(canvas->cairo, cleaned);
    cairo_restore(canvas->cairo);
}

/* ---- Shapes ---- */

static void choose_pen(moco__canvas *canvas, const moco__pen *pen)
{
    choose_colour(canvas, pen->colour, 1);
    cairo_set_line_width(canvas->cairo, pen->width);
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(canvas->cairo, pen->dash, pen->dash != NULL ? pen->dashes : 0, 0);
}

void moco__canvas_line(moco__canvas *canvas, const double *xy, size_t count, const moco__pen *pen)
{
    choose_pen(canvas, pen);
    for (size_t i = 0; i < count; ++i) {
        (i == 0 ? cairo_move_to : cairo_line_to)(canvas->cairo, xy[2 * i], xy[2 * i + 1]);
    }
    cairo_stroke(canvas->cairo);
}

void moco__canvas_area(moco__canvas *canvas, const double *xy, size_t count, uint32_t colour, double opacity)
{
    choose_colour(canvas, colour, opacity);
    for (size_t i = 0; i < count; ++i) {
        (i == 0 ? cairo_move_to : cairo_line_to)(canvas->cairo, xy[2 * i], xy[2 * i + 1]);
    }
    cairo_fill(canvas->cairo);
}

void moco__canvas_fill(moco__canvas *canvas, const moco__box *box, uint32_t colour)
{
    choose_colour(canvas, colour, 1);
    cairo_rectangle(canvas->cairo, box->x, box->y, box->width, box->height);
    cairo_fill(canvas->cairo);
}

void moco__canvas_outline(moco__canvas *canvas, const moco__box *box, const moco__pen *pen)
{
    choose_pen(canvas, pen);
    cairo_rectangle(canvas->cairo, box->x, box->y, box->width, box->height);
    cairo_stroke(canvas->cairo);
}

void moco__canvas_dot(moco__canvas *canvas, double x, double y, double radius, uint32_t colour, double opacity)
{
    choose_colour(canvas, colour, opacity);
    cairo_set_dash(canvas->cairo, NULL, 0, 0);
    cairo_set_line_width(canvas->cairo, 2 * radius);
    cairo_set_line_cap(canvas->cairo, CAIRO_LINE_CAP_ROUND); /* shorter in a file than an arc */
    cairo_move_to(canvas->cairo, x, y);
    cairo_line_to(canvas->cairo, x, y);
    cairo_stroke(canvas->cairo);
    cairo_set_line_cap(canvas->cairo, CAIRO_LINE_CAP_BUTT);
}

/* Cairo's form of an image: a 32-bit number per pixel. */
static cairo_surface_t *surface_of(const moco_image *image)
{
    const int width = moco_image_width(image);
    const int height = moco_image_height(image);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        return surface;
    }
    const uint8_t *from = moco_image_pixels(image);
    if (from == NULL) { /* memory is out */
        cairo_surface_destroy(surface);
        return cairo_image_surface_create(CAIRO_FORMAT_INVALID, 0, 0);
    }
    unsigned char *rows = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x, from += 3) {
            const uint32_t pixel = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
            memcpy(rows + (size_t)y * (size_t)stride + (size_t)x * sizeof pixel, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

void moco__canvas_image(moco__canvas *canvas, const moco_image *image, const moco__box *box)
{
    cairo_surface_t *surface = surface_of(image);
    check(canvas, cairo_surface_status(surface));
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, box->x, box->y);
    cairo_scale(canvas->cairo, box->width / moco_image_width(image), box->height / moco_image_height(image));
    cairo_set_source_surface(canvas->cairo, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(canvas->cairo), CAIRO_FILTER_NEAREST);
    cairo_paint(canvas->cairo);
    cairo_restore(canvas->cairo);
    cairo_surface_destroy(surface);
}
