/* A map of features: their first two principal components, a point an image, coloured by class. */
#include "moco/plot.h"

#include "base/handle_internal.h"
#include "report/plot_chart_internal.h"

#include "moco/embed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 760, LEFT = 56, TOP = 72, BOTTOM = 56, LEGEND = 210, MARGIN = 24 };
enum { WIDTH = LEFT + SIDE + MARGIN + LEGEND, HEIGHT = TOP + SIDE + BOTTOM };
enum { TITLE = 18, TEXT = 13, LINE = 25, DOT = 10, NAME_MAX = 22 };
enum { SHOWN_CLASSES = 28 }; /* that fit into the legend */
enum { STRIDE = 61 };

static const double room_around = 0.04; /* of the extent */

/* Ten colours that are told apart on white, by people with a colour deficiency too as far as ten can be. */
static const uint32_t palette[] = { 0x1F6FB5, 0xE07B1A, 0x2E9E4F, 0xD03B3B, 0x8A5FBF,
                                    0x8C5A3C, 0xD65FA8, 0x666666, 0xB0A21E, 0x1BA9BF };
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

/* Where points go, with one scale for both axes: distances mean something. */
typedef struct frame {
    double centre[2];
    double scale; /* pixels a unit */
} frame;

static frame fit(const float *xy, size_t count)
{
    double low[2] = { INFINITY, INFINITY };
    double high[2] = { -INFINITY, -INFINITY };
    for (size_t i = 0; i < 2 * count; ++i) {
        low[i % 2] = fmin(low[i % 2], (double)xy[i]);
        high[i % 2] = fmax(high[i % 2], (double)xy[i]);
    }
    const double extent = fmax(fmax(high[0] - low[0], high[1] - low[1]), 1e-12);
    return (frame){ { (low[0] + high[0]) / 2, (low[1] + high[1]) / 2 }, SIDE / (extent * (1 + 2 * room_around)) };
}

static moco_status draw_points(moco_image *page, const float *xy, const moco_features *features)
{
    const size_t count = moco_features_count(features);
    const frame f = fit(xy, count);
    const int32_t dot = count > 4000 ? DOT / 2 : count > 400 ? DOT * 7 / 10 : DOT;
    for (size_t first = 0; first < STRIDE; ++first) { /* else the last class of sorted data would cover the others */
        for (size_t i = first; i < count; i += STRIDE) {
            const double at[2] = { LEFT + SIDE / 2.0 + f.scale * ((double)xy[2 * i] - f.centre[0]),
                                   TOP + SIDE / 2.0 - f.scale * ((double)xy[2 * i + 1] - f.centre[1]) };
            MOCO_TRY(moco_image_draw_line(page, at, 1, colour_of(moco_features_labels(features)[i]), dot));
        }
    }
    return MOCO_OK;
}

static void class_text(char *text, size_t size, const moco_dataset *dataset, size_t label)
{
    const char *name = moco_dataset_class_name(dataset, label);
    if (name != NULL) {
        (void)snprintf(text, size, "%.*s%s", NAME_MAX, name, snprintf(NULL, 0, "%s", name) > NAME_MAX ? "..." : "");
    } else {
        (void)snprintf(text, size, "class %zu", label);
    }
}

static moco_status draw_legend(moco_image *page, const moco_dataset *dataset)
{
    const size_t classes = moco_dataset_class_count(dataset);
    const size_t shown = classes > SHOWN_CLASSES ? SHOWN_CLASSES - 1 : classes;
    const int32_t x = LEFT + SIDE + MARGIN;
    int32_t y = TOP + LINE / 2;
    char text[64];
    for (size_t c = 0; c < shown; ++c, y += LINE) {
        const double dot[2] = { x + DOT / 2.0, y };
        MOCO_TRY(moco_image_draw_line(page, dot, 1, colour_of((int64_t)c), DOT));
        class_text(text, sizeof text, dataset, c);
        MOCO_TRY(moco_image_draw_text(page, x + 2 * DOT, y + TEXT / 2, text, TEXT, MOCO__INK, 0));
    }
    if (shown < classes) {
        (void)snprintf(text, sizeof text, "and %zu more", classes - shown);
        MOCO_TRY(moco_image_draw_text(page, x + 2 * DOT, y + TEXT / 2, text, TEXT, MOCO__INK, 0));
    }
    return MOCO_OK;
}

static moco_status draw_frame(moco_image *page, const double shares[2], size_t count)
{
    char text[96];
    const double corners[] = { LEFT, TOP, LEFT + SIDE, TOP, LEFT + SIDE, TOP + SIDE, LEFT, TOP + SIDE, LEFT, TOP };
    MOCO_TRY(moco_image_draw_line(page, corners, 5, MOCO__GRID, 1));
    (void)snprintf(text, sizeof text, "%zu images by the first two principal components of their features", count);
    MOCO_TRY(moco_image_draw_text(page, LEFT, TOP - 42, text, TITLE, MOCO__INK, 0));
    (void)snprintf(text, sizeof text, "up: component 2, %.1f %% of the variance", 100 * shares[1]);
    MOCO_TRY(moco_image_draw_text(page, LEFT, TOP - 12, text, TEXT, MOCO__GREY, 0));
    (void)snprintf(text, sizeof text, "to the right: component 1, %.1f %% of the variance", 100 * shares[0]);
    return moco_image_draw_text(page, LEFT + SIDE, TOP + SIDE + 24, text, TEXT, MOCO__GREY, 2);
}

static moco_status draw(moco_image *page, const moco_dataset *dataset, const moco_features *features, const float *xy,
                        const double shares[2])
{
    const bool labelled = moco_dataset_class_count(dataset) > 0;
    MOCO_TRY(moco_image_fill(page, labelled ? WIDTH : LEFT + SIDE + LEFT, HEIGHT, MOCO__WHITE));
    MOCO_TRY(draw_frame(page, shares, moco_features_count(features)));
    MOCO_TRY(draw_points(page, xy, features));
    return draw_legend(page, dataset);
}

moco_status moco_plot_map(const char *path, const moco_dataset *dataset, const moco_features *features)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(features);
    double shares[2];
    void *xy;
    moco_tensor *places = NULL;
    moco_image *page = NULL;
    moco_status status;
    MOCO_TRY_GOTO(moco_tensor_pca(&places, shares, NULL, moco_features_matrix(features), 2));
    MOCO_TRY_GOTO(moco_tensor_data(&xy, places));
    MOCO_TRY_GOTO(moco_image_create(&page));
    MOCO_TRY_GOTO(draw(page, dataset, features, xy, shares));
    MOCO_TRY_GOTO(moco_image_write_png(page, path));
done:
    moco_image_free(page);
    moco_tensor_free(places);
    return status;
}
