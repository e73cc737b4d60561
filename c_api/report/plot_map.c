/* Draws a map of features: one point per image, coloured by class. */
#include "moco/plot.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "evaluate/tsne_affinities_internal.h"
#include "report/canvas_internal.h"
#include "report/map_places_internal.h"
#include "report/series_values_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 560, LEFT = 36, TOP = 40, BOTTOM = 36, LEGEND = 190, MARGIN = 18 };
enum { TITLE = 15, TEXT = 12, LINE = 19, DOT = 4, NAME_SIZE = 256 };
enum { SHOWN_CLASSES = 28 }; /* that fit into the legend */
enum { STRIDE = 61 };
enum { NAME_HALF = 8, NAME_MOVE = 4, MOST_MOVES = 20 }; /* of a name on the map: half its height, and its ways */
enum { FEW_POINTS = 400 };                              /* each of which is to be seen */

static const double room_around = 0.04; /* of the extent */

/* Nine colours of Paul Tol's "muted" scheme, made for people with a colour deficiency, and a dark grey. */
static const uint32_t palette[] = { 0x332288, 0xCC6677, 0x117733, 0xDDCC77, 0x88CCEE,
                                    0x882255, 0x44AA99, 0x999933, 0xAA4499, 0x555555 };
enum { PALETTE = sizeof palette / sizeof palette[0] };

/* Beyond the palette: hues a golden section apart, in three strengths. */
static uint32_t colour_of(int64_t label)
{
    if (label < 0) {
        return MOCO__GREY;
    }
    if (label < PALETTE) {
        return palette[label];
    }
    const double strengths[] = { 0.85, 0.65, 0.5 };
    const double hue = fmod((double)label * 0.618033988749895, 1);
    const double value = strengths[label % 3];
    uint32_t colour = 0;
    for (int c = 0; c < 3; ++c) {
        const double wave = fabs(fmod(hue + c / 3.0, 1) * 6 - 3) - 1;
        const double part = wave < 0 ? 0 : wave > 1 ? 1 : wave;
        colour = colour << 8 | (uint32_t)lround(255 * value * (0.25 + 0.75 * part));
    }
    return colour;
}

/* Where points go, with one scale for both axes, so that distances keep their meaning. */
typedef struct frame {
    double centre[2];
    double scale; /* units of the page per unit of the features */
} frame;

static frame fit(const moco__map_places *places)
{
    const float *xy = places->xy;
    const size_t count = places->count;
    double low[2] = { INFINITY, INFINITY };
    double high[2] = { -INFINITY, -INFINITY };
    for (size_t i = 0; i < 2 * count; ++i) {
        low[i % 2] = fmin(low[i % 2], (double)xy[i]);
        high[i % 2] = fmax(high[i % 2], (double)xy[i]);
    }
    const double extent = fmax(fmax(high[0] - low[0], high[1] - low[1]), 1e-12);
    return (frame){ { (low[0] + high[0]) / 2, (low[1] + high[1]) / 2 }, SIDE / (extent * (1 + 2 * room_around)) };
}

static double x_at(const frame *f, double x)
{
    return LEFT + SIDE / 2.0 + f->scale * (x - f->centre[0]);
}

static double y_at(const frame *f, double y)
{
    return TOP + SIDE / 2.0 - f->scale * (y - f->centre[1]);
}

static void draw_points(moco__canvas *canvas, const moco__map_places *places)
{
    const size_t count = places->count;
    const frame f = fit(places);
    const double radius = count > 4000 ? 1.7 : count > FEW_POINTS ? 2.4 : DOT;
    const double opacity = count > FEW_POINTS ? 0.7 : 0.85;
    for (size_t first = 0; first < STRIDE; ++first) { /* else the last class of sorted data would cover the others */
        for (size_t i = first; i < count; i += STRIDE) {
            const double x = x_at(&f, (double)places->xy[2 * i]);
            const double y = y_at(&f, (double)places->xy[2 * i + 1]);
            moco__canvas_dot(canvas, x, y, radius, colour_of(places->labels[i]), opacity);
        }
    }
}

static void name_class(char *text, size_t size, const moco_dataset *dataset, size_t label)
{
    const char *name = moco_dataset_class_name(dataset, label);
    if (name != NULL) {
        (void)snprintf(text, size, "%s", name);
    } else {
        (void)snprintf(text, size, "class %zu", label);
    }
}

/* Cuts a name until it fits into the legend, between characters. */
static void cut_name(char *text, size_t size, moco__canvas *canvas)
{
    size_t length = strlen(text);
    while (length > 1 && moco__canvas_text_width(canvas, text, TEXT) > LEGEND - MARGIN - 3 * DOT) {
        do {
            --length;
        } while (((unsigned char)text[length] & 0xC0U) == 0x80U);
        (void)snprintf(text + length, size - length, "...");
    }
}

static void draw_legend(moco__canvas *canvas, const moco_dataset *dataset)
{
    const size_t classes = moco_dataset_class_count(dataset);
    const size_t shown = classes > SHOWN_CLASSES ? SHOWN_CLASSES - 1 : classes;
    const double x = LEFT + SIDE + MARGIN;
    char text[NAME_SIZE];
    moco__label label = { text, x + 3 * DOT, 0, TEXT, MOCO__INK, MOCO__LEFT, 0, false };
    for (size_t c = 0; c < shown; ++c) {
        const double y = TOP + TEXT + (double)c * LINE;
        moco__canvas_dot(canvas, x + DOT, y, DOT + 1, colour_of((int64_t)c), 1);
        name_class(text, sizeof text - sizeof "...", dataset, c);
        cut_name(text, sizeof text, canvas);
        label.y = y + TEXT * 0.35;
        moco__canvas_text(canvas, &label);
    }
    if (shown < classes) {
        (void)snprintf(text, sizeof text, "and %zu more", classes - shown);
        label.y = TOP + TEXT + (double)shown * LINE + TEXT * 0.35;
        moco__canvas_text(canvas, &label);
    }
}

/* ---- Class names on the map ---- */

/* Gives the median of a class along one axis. Returns false if it has no point, or memory is out. */
static bool median_of(double *out, const moco__map_places *places, int64_t label, size_t axis)
{
    size_t count = 0;
    double *values = moco__calloc(places->count + 1, sizeof *values);
    for (size_t i = 0; values != NULL && i < places->count; ++i) {
        if (places->labels[i] == label) {
            values[count++] = (double)places->xy[2 * i + axis];
        }
    }
    *out = moco__median(values, count);
    free(values);
    return !isnan(*out);
}

/* A class's name on the map: its middle, and the ground below it. */
typedef struct name_place {
    double x, y, half_width;
} name_place;

static bool covers(const name_place *place, double x, double y, double more_width, double more_height)
{
    return fabs(x - place->x) < place->half_width + more_width && fabs(y - place->y) < NAME_HALF + more_height;
}

/* Counts what a name would hide: another name weighs more than any number of points. */
static double hidden_by(const name_place *name, const name_place *others, size_t count, const moco__map_places *places,
                        const frame *f)
{
    double hidden = 0;
    for (size_t i = 0; i < count; ++i) {
        hidden += covers(name, others[i].x, others[i].y, others[i].half_width, NAME_HALF) ? 1e6 : 0;
    }
    for (size_t i = 0; i < places->count && places->count <= FEW_POINTS; ++i) { /* of many points some may be hidden */
        const double x = x_at(f, (double)places->xy[2 * i]);
        hidden += covers(name, x, y_at(f, (double)places->xy[2 * i + 1]), DOT, DOT) ? 1 : 0;
    }
    return hidden;
}

/* Moves a name up or down to where it hides least, and not further than needed. */
static void make_way(name_place *name, const name_place *others, size_t count, const moco__map_places *places,
                     const frame *f)
{
    const double home = name->y;
    name_place best = *name;
    double least = INFINITY;
    for (int i = 0; i <= 2 * MOST_MOVES; ++i) { /* 0, 1, -1, 2, -2, ... moves */
        const int moves = (i + 1) / 2;
        const double way = i % 2 == 1 ? moves : -moves;
        name->y = fmin(fmax(home + way * NAME_MOVE, TOP + NAME_HALF), TOP + SIDE - NAME_HALF);
        const double cost = hidden_by(name, others, count, places, f) + fabs(way) / 8;
        best = cost < least ? *name : best;
        least = fmin(cost, least);
    }
    *name = best;
}

static void draw_name(moco__canvas *canvas, const name_place *at, const char *text)
{
    const double left = at->x - at->half_width;
    const double right = at->x + at->half_width;
    const double ground[8] = { left,  at->y - NAME_HALF, right, at->y - NAME_HALF,
                               right, at->y + NAME_HALF, left,  at->y + NAME_HALF };
    const moco__label label = { text, at->x, at->y + TEXT * 0.35, TEXT, MOCO__INK, MOCO__MIDDLE, 0, true };
    moco__canvas_area(canvas, ground, 4, MOCO__WHITE, 0.75);
    moco__canvas_text(canvas, &label);
}

/* Writes each class's name where most of it is, on a white ground. */
static void draw_names(moco__canvas *canvas, const moco_dataset *dataset, const moco__map_places *places)
{
    const size_t classes = moco_dataset_class_count(dataset);
    const frame f = fit(places);
    name_place drawn[SHOWN_CLASSES];
    size_t count = 0;
    for (size_t c = 0; c < classes && classes <= SHOWN_CLASSES; ++c) {
        char text[NAME_SIZE];
        double at[2] = { 0, 0 };
        if (median_of(&at[0], places, (int64_t)c, 0) && median_of(&at[1], places, (int64_t)c, 1)) {
            name_class(text, sizeof text - sizeof "...", dataset, c);
            cut_name(text, sizeof text, canvas);
            name_place *name = &drawn[count];
            name->half_width = moco__canvas_text_width(canvas, text, TEXT) / 2 + 4;
            name->x = fmin(fmax(x_at(&f, at[0]), LEFT + name->half_width), LEFT + SIDE - name->half_width);
            name->y = y_at(&f, at[1]);
            make_way(name, drawn, count, places, &f);
            draw_name(canvas, name, text);
            ++count;
        }
    }
}

/* ---- Frame and axes ---- */

static void draw_title(moco__canvas *canvas, const moco__map_places *places, const moco_map_options *o, size_t all)
{
    MOCO__IN_C_LOCALE;
    char text[128];
    char count[64];
    const moco__pen grid = { MOCO__GRID, 1, NULL, 0 };
    const moco__box box = { LEFT, TOP, SIDE, SIDE };
    moco__canvas_outline(canvas, &box, &grid);
    if (places->count < all) {
        (void)snprintf(count, sizeof count, "%zu of %zu images", places->count, all);
    } else {
        (void)snprintf(count, sizeof count, "%zu images", all);
    }
    if (o->method == MOCO_MAP_TSNE) {
        (void)snprintf(text, sizeof text, "%s by t-SNE of their features (perplexity %.3g)", count,
                       moco__tsne_perplexity(o->perplexity, (int64_t)places->count));
    } else {
        (void)snprintf(text, sizeof text, "%s by the first two principal components of their features", count);
    }
    const moco__label title = { text, LEFT, TOP - 14, TITLE, MOCO__INK, MOCO__LEFT, 0, true };
    moco__canvas_text(canvas, &title);
}

static void draw_axes(moco__canvas *canvas, const double shares[2])
{
    MOCO__IN_C_LOCALE;
    char text[96];
    (void)snprintf(text, sizeof text, "component 2 (%.1f %% of the variance)", 100 * shares[1]);
    const moco__label up = { text, LEFT - 10, TOP + SIDE / 2.0, TEXT, MOCO__SOFT, MOCO__MIDDLE, -90, false };
    moco__canvas_text(canvas, &up);
    (void)snprintf(text, sizeof text, "component 1 (%.1f %% of the variance)", 100 * shares[0]);
    const moco__label right = { text, LEFT + SIDE / 2.0, TOP + SIDE + 20, TEXT, MOCO__SOFT, MOCO__MIDDLE, 0, false };
    moco__canvas_text(canvas, &right);
}

static moco_status draw(moco__canvas *canvas, const char *path, const moco_dataset *dataset,
                        const moco_features *features, const moco_map_options *o)
{
    moco__map_places places = { .xy = NULL };
    moco_picture format = MOCO_PICTURE_AUTO;
    const double legend = moco_dataset_class_count(dataset) > 0 ? LEGEND : MARGIN;
    moco_status status;
    MOCO_TRY_GOTO(moco__picture_of(&format, path));
    MOCO_TRY_GOTO(moco__map_place(&places, features, o));
    MOCO_TRY_GOTO(moco__canvas_open(canvas, format, LEFT + SIDE + legend, TOP + SIDE + BOTTOM));
    draw_title(canvas, &places, o, moco_features_count(features));
    if (o->method == MOCO_MAP_PCA) {
        draw_axes(canvas, places.shares);
    }
    draw_points(canvas, &places);
    if (o->method == MOCO_MAP_TSNE) {
        draw_names(canvas, dataset, &places);
    }
    draw_legend(canvas, dataset);
    MOCO_TRY_GOTO(moco__canvas_write(canvas, path));
done:
    moco__map_places_free(&places);
    return status;
}

MOCO__DEFINE_INIT(moco_map_options, MOCO_MAP_OPTIONS_INIT)

moco_status moco_plot_map(const char *path, const moco_dataset *dataset, const moco_features *features,
                          const moco_map_options *options)
{
    moco_map_options o;
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(features);
    MOCO__READ_OPTIONS(&o, options, MOCO_MAP_OPTIONS_INIT);
    if ((unsigned)o.method > MOCO_MAP_TSNE) {
        return moco_error_set(MOCO_EINVALID, "plot: method %d is not a moco_map_method", (int)o.method);
    }
    moco__canvas canvas = { .status = MOCO_OK };
    const moco_status status = draw(&canvas, path, dataset, features, &o);
    moco__canvas_close(&canvas);
    return status;
}
