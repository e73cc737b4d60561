/* Draws a sheet of query images, each with its nearest neighbours in the bank. */
#include "moco/plot.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "evaluate/feature_set_internal.h"
#include "report/sheet_internal.h"

#include <stdio.h>

enum { NEIGHBOURS = 10, FRAME = 3, CAPTIONS = 2 * MOCO__CAPTION + 10 };
enum { STEP = MOCO__TILE + MOCO__TILE_GAP, ROW = STEP + CAPTIONS };

/* What is drawn: one row per query. */
typedef struct neighbours {
    moco__sheet sheet;
    const moco_dataset *bank_images, *query_images;
    const moco_features *bank, *queries;
} neighbours;

/* Draws a frame: blue if the classes are the same, orange and dashed if they differ, grey if one is unknown. */
static void put_frame(neighbours *n, int64_t wanted, int64_t found, double x, double y)
{
    static const double dashes[] = { 5, 3 };
    const bool known = wanted >= 0 && found >= 0;
    const moco__box box = { x - FRAME / 2.0, y - FRAME / 2.0, MOCO__TILE + FRAME, MOCO__TILE + FRAME };
    const moco__pen same = { known ? MOCO__BLUE : MOCO__GREY, known ? FRAME : 1, NULL, 0 };
    const moco__pen other = { MOCO__ORANGE, FRAME, dashes, 2 };
    moco__canvas_outline(&n->sheet.canvas, &box, known && wanted != found ? &other : &same);
}

/* Writes an image's class below its tile, if it has one. */
static void put_class(neighbours *n, const moco_dataset *images, int64_t label, double x, double y)
{
    char text[32];
    const char *name = label >= 0 ? moco_dataset_class_name(images, (size_t)label) : NULL;
    (void)snprintf(text, sizeof text, "class %lld", (long long)label);
    if (label >= 0) {
        moco__sheet_caption(&n->sheet, x, y, 0, name != NULL ? name : text);
    }
}

static moco_status put_query(neighbours *n, size_t query, double x, double y)
{
    MOCO_TRY(moco_dataset_read(n->query_images, n->sheet.image, moco_features_index(n->queries, query)));
    MOCO_TRY(moco__sheet_tile(&n->sheet, n->sheet.image, x, y));
    put_class(n, n->query_images, moco_features_labels(n->queries)[query], x, y);
    return MOCO_OK;
}

static moco_status put_neighbour(neighbours *n, size_t query, size_t row, double x, double y)
{
    const int64_t label = moco_features_labels(n->bank)[row];
    MOCO_TRY(moco_dataset_read(n->bank_images, n->sheet.image, moco_features_index(n->bank, row)));
    MOCO_TRY(moco__sheet_tile(&n->sheet, n->sheet.image, x, y));
    put_frame(n, moco_features_labels(n->queries)[query], label, x, y);
    put_class(n, n->bank_images, label, x, y);
    return MOCO_OK;
}

static void write_cosine(char *text, size_t size, double cosine)
{
    MOCO__IN_C_LOCALE;
    (void)snprintf(text, size, "%.3f", cosine);
}

static moco_status draw_row(neighbours *n, size_t query)
{
    size_t rows[NEIGHBOURS];
    double cosines[NEIGHBOURS];
    const double y = MOCO__SHEET_HEAD + (double)query * ROW;
    const size_t available = moco_features_count(n->bank);
    const size_t k = available < NEIGHBOURS ? available : NEIGHBOURS;
    MOCO_TRY(moco_nearest(rows, cosines, k, n->bank, n->queries, query));
    MOCO_TRY(put_query(n, query, MOCO__SHEET_MARGIN, y));
    for (size_t i = 0; i < k; ++i) {
        char cosine[16];
        const double x = 2.0 * MOCO__SHEET_MARGIN + MOCO__TILE + (double)i * STEP;
        write_cosine(cosine, sizeof cosine, cosines[i]);
        MOCO_TRY(put_neighbour(n, query, rows[i], x, y));
        moco__sheet_caption(&n->sheet, x, y, moco_features_labels(n->bank)[rows[i]] >= 0 ? 1 : 0, cosine);
    }
    return MOCO_OK;
}

static moco_status draw(neighbours *n, const char *path)
{
    const size_t count = moco_features_count(n->queries);
    MOCO_TRY(moco__sheet_create(&n->sheet));
    moco_image_set_channels(n->sheet.image, n->queries->channels);
    MOCO_TRY(moco__sheet_open(&n->sheet, path,
                              3.0 * MOCO__SHEET_MARGIN + MOCO__TILE + NEIGHBOURS * STEP - MOCO__TILE_GAP,
                              MOCO__SHEET_HEAD + (double)count * ROW,
                              "Queries (left), and their nearest images by the encoder's features, with class and "
                              "cosine (solid blue: same class; dashed orange: another)"));
    for (size_t q = 0; q < count; ++q) {
        MOCO_TRY(draw_row(n, q));
    }
    return moco__canvas_write(&n->sheet.canvas, path);
}

moco_status moco_plot_neighbours(const char *path, const moco_dataset *bank_images, const moco_features *bank,
                                 const moco_dataset *query_images, const moco_features *queries)
{
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(bank_images);
    MOCO_CHECK_ARG(bank);
    MOCO_CHECK_ARG(query_images);
    MOCO_CHECK_ARG(queries);
    neighbours n = { .bank_images = bank_images, .query_images = query_images, .bank = bank, .queries = queries };
    const moco_status status = draw(&n, path);
    moco__sheet_free(&n.sheet);
    return status;
}
