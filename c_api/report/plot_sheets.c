/* Contact sheets: augmented pairs, and nearest neighbours. */
#include "moco/plot.h"

#include "base/handle_internal.h"
#include "report/plot_chart_internal.h"

#include "moco/augment.h"

#include <stdio.h>
#include <string.h>

enum { TILE = 84, GAP = 10, MARGIN = 24, HEAD = 56, TEXT = 13, FRAME = 4 };
enum { PAIRS_COLUMNS = 4, PAIRS_ROWS = 6 };
enum { NEIGHBOURS = 10 };
enum { SMALL = 10, CAPTION = 2 * SMALL + 12 }; /* text below tiles */

/* Working images of a sheet. */
typedef struct sheet {
    moco_image *page;
    moco_image *image; /* as read */
    moco_image *view;  /* augmented */
    moco_image *scratch;
} sheet;

static moco_status sheet_create(sheet *s)
{
    MOCO_TRY(moco_image_create(&s->page));
    MOCO_TRY(moco_image_create(&s->image));
    MOCO_TRY(moco_image_create(&s->view));
    return moco_image_create(&s->scratch);
}

static void sheet_free(sheet *s)
{
    moco_image_free(s->page);
    moco_image_free(s->image);
    moco_image_free(s->view);
    moco_image_free(s->scratch);
}

/* Puts the centre square of an image on the page as a tile: small ones enlarged pixel by pixel, large ones resized. */
static moco_status put_tile(sheet *s, const moco_image *image, int32_t x, int32_t y)
{
    const int32_t width = moco_image_width(image);
    const int32_t height = moco_image_height(image);
    const int32_t side = width < height ? width : height;
    const int32_t zoom = side <= TILE ? TILE / side : 1;
    const int32_t size = side <= TILE ? side : TILE;
    MOCO_TRY(moco_image_resized_crop(s->scratch, image,
                                     (moco_box){ (height - side) / 2, (width - side) / 2, side, side }, size, size));
    const int32_t inset = (TILE - size * zoom) / 2;
    return moco_image_paste(s->page, s->scratch, x + inset, y + inset, zoom);
}

static moco_status put_frame(sheet *s, int32_t x, int32_t y, uint32_t colour)
{
    const double a = x - FRAME / 2.0;
    const double b = y - FRAME / 2.0;
    const double c = x + TILE + FRAME / 2.0 - 1;
    const double d = y + TILE + FRAME / 2.0 - 1;
    const double corners[] = { a, b, c, b, c, d, a, d, a, b };
    return moco_image_draw_line(s->page, corners, 5, colour, FRAME);
}

static moco_status put_view(sheet *s, const moco_augment_policy *policy, const moco_config *config, size_t index,
                            uint32_t view, int32_t x, int32_t y)
{
    const moco_augment_key key = { config->seed, 0, index, view };
    MOCO_TRY(moco_augment_apply(s->view, s->scratch, s->image, policy, key));
    return put_tile(s, s->view, x, y);
}

static moco_status draw_pairs(sheet *s, const moco_dataset *dataset, const moco_config *config)
{
    const int32_t block = 3 * TILE + 2 * GAP + MARGIN;
    moco_augment_policy policy;
    MOCO_TRY(moco_augment_preset(&policy, config->augment, (int32_t)config->image_size));
    moco_image_set_fast(s->view, strcmp(config->augment_precision, "fast") == 0);
    moco_image_set_fast(s->scratch, strcmp(config->augment_precision, "fast") == 0);
    MOCO_TRY(moco_image_fill(s->page, PAIRS_COLUMNS * block + MARGIN, HEAD + PAIRS_ROWS * (TILE + GAP) + MARGIN,
                             MOCO__WHITE));
    MOCO_TRY(moco_image_draw_text(s->page, MARGIN, HEAD - 22,
                                  "original, and the two views that training compares (query, key)", TEXT, MOCO__INK,
                                  0));
    const size_t count = moco_dataset_count(dataset);
    const size_t wanted = (size_t)PAIRS_COLUMNS * PAIRS_ROWS;
    for (size_t i = 0; i < wanted && i < count; ++i) {
        const size_t index = i * (count / wanted > 0 ? count / wanted : 1); /* spread over all classes */
        const int32_t x = MARGIN + (int32_t)(i % PAIRS_COLUMNS) * block;
        const int32_t y = HEAD + (int32_t)(i / PAIRS_COLUMNS) * (TILE + GAP);
        MOCO_TRY(moco_dataset_read(dataset, s->image, index));
        MOCO_TRY(put_tile(s, s->image, x, y));
        MOCO_TRY(put_view(s, &policy, config, index, 0, x + TILE + GAP, y));
        MOCO_TRY(put_view(s, &policy, config, index, 1, x + 2 * (TILE + GAP), y));
    }
    return MOCO_OK;
}

moco_status moco_plot_pairs(const char *path, const moco_dataset *dataset, const moco_config *config)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(dataset);
    MOCO_CHECK_ARG(config);
    sheet s = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(sheet_create(&s));
    MOCO_TRY_GOTO(draw_pairs(&s, dataset, config));
    MOCO_TRY_GOTO(moco_image_write_png(s.page, path));
done:
    sheet_free(&s);
    return status;
}

static uint32_t frame_colour(int64_t wanted, int64_t found)
{
    if (wanted < 0 || found < 0) {
        return MOCO__GREY;
    }
    return wanted == found ? MOCO__GREEN : MOCO__RED;
}

/* Whether a frame's colour can say anything of a class. */
static bool are_labelled(const moco_features *features)
{
    for (size_t i = 0; i < moco_features_count(features); ++i) {
        if (moco_features_labels(features)[i] < 0) {
            return false;
        }
    }
    return true;
}

/* What is drawn: a row a query, each with the nearest images of the bank. */
typedef struct neighbour_sheet {
    const moco_dataset *bank_images, *query_images;
    const moco_features *bank, *queries;
    bool labelled;  /* queries and bank: frames tell right from wrong, and nothing is written */
    int32_t height; /* of a row */
} neighbour_sheet;

/* The class and the cosine of a neighbour, below its tile. */
static moco_status put_caption(sheet *s, const neighbour_sheet *n, size_t row, double cosine, int32_t x, int32_t y)
{
    char text[32];
    const int64_t label = moco_features_labels(n->bank)[row];
    const char *name = label >= 0 ? moco_dataset_class_name(n->bank_images, (size_t)label) : NULL;
    (void)snprintf(text, sizeof text, "%.3f", cosine);
    MOCO_TRY(moco_image_draw_text(s->page, x, y + SMALL + 6, text, SMALL, MOCO__INK, 0));
    if (name != NULL) {
        (void)snprintf(text, sizeof text, "%.14s", name);
    } else {
        (void)snprintf(text, sizeof text, "class %lld", (long long)label);
    }
    return label < 0 ? MOCO_OK : moco_image_draw_text(s->page, x, y + 2 * SMALL + 12, text, SMALL, MOCO__INK, 0);
}

static moco_status put_neighbour(sheet *s, const neighbour_sheet *n, size_t query, size_t row, double cosine, int32_t x,
                                 int32_t y)
{
    const int64_t wanted = moco_features_labels(n->queries)[query];
    MOCO_TRY(moco_dataset_read(n->bank_images, s->image, moco_features_index(n->bank, row)));
    MOCO_TRY(put_frame(s, x, y, frame_colour(wanted, moco_features_labels(n->bank)[row])));
    MOCO_TRY(put_tile(s, s->image, x, y));
    return n->labelled ? MOCO_OK : put_caption(s, n, row, cosine, x, y + TILE);
}

static moco_status draw_row(sheet *s, const neighbour_sheet *n, size_t query)
{
    size_t rows[NEIGHBOURS];
    double cosines[NEIGHBOURS];
    const int32_t y = HEAD + (int32_t)query * n->height;
    const size_t available = moco_features_count(n->bank);
    const size_t k = available < NEIGHBOURS ? available : NEIGHBOURS;
    MOCO_TRY(moco_nearest(rows, cosines, k, n->bank, n->queries, query));
    MOCO_TRY(moco_dataset_read(n->query_images, s->image, moco_features_index(n->queries, query)));
    MOCO_TRY(put_tile(s, s->image, MARGIN, y));
    for (size_t i = 0; i < k; ++i) {
        MOCO_TRY(put_neighbour(s, n, query, rows[i], cosines[i], 2 * MARGIN + TILE + (int32_t)i * (TILE + GAP), y));
    }
    return MOCO_OK;
}

static moco_status draw_neighbours(sheet *s, const neighbour_sheet *n)
{
    const size_t count = moco_features_count(n->queries);
    MOCO_TRY(moco_image_fill(s->page, 3 * MARGIN + TILE + NEIGHBOURS * (TILE + GAP),
                             HEAD + (int32_t)count * n->height + MARGIN, MOCO__WHITE));
    MOCO_TRY(moco_image_draw_text(s->page, MARGIN, HEAD - 22,
                                  n->labelled ? "query, and its nearest training images by the encoder's features "
                                                "(green: same class, red: another)"
                                              : "query, and its nearest images by the encoder's features, with the "
                                                "cosine and the class where it is known",
                                  TEXT, MOCO__INK, 0));
    for (size_t q = 0; q < count; ++q) {
        MOCO_TRY(draw_row(s, n, q));
    }
    return MOCO_OK;
}

moco_status moco_plot_neighbours(const char *path, const moco_dataset *bank_images, const moco_features *bank,
                                 const moco_dataset *query_images, const moco_features *queries)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(bank_images);
    MOCO_CHECK_ARG(bank);
    MOCO_CHECK_ARG(query_images);
    MOCO_CHECK_ARG(queries);
    const bool labelled = are_labelled(queries) && are_labelled(bank);
    const neighbour_sheet n = { bank_images, query_images, bank,
                                queries,     labelled,     TILE + GAP + (labelled ? 0 : CAPTION) };
    sheet s = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(sheet_create(&s));
    MOCO_TRY_GOTO(draw_neighbours(&s, &n));
    MOCO_TRY_GOTO(moco_image_write_png(s.page, path));
done:
    sheet_free(&s);
    return status;
}
