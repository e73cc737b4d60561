/* Contact sheets: augmented pairs, and nearest neighbours. */
#include "moco/plot.h"

#include "handle.h"
#include "plot_chart.h"

#include "moco/augment.h"

enum { TILE = 84, GAP = 10, MARGIN = 24, HEAD = 56, TEXT = 13, FRAME = 4 };
enum { PAIRS_COLUMNS = 4, PAIRS_ROWS = 6 };
enum { NEIGHBOURS = 10 };

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
    MOCO_TRY(
        moco_image_resized_crop(s->scratch, image, (height - side) / 2, (width - side) / 2, side, side, size, size));
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

static moco_status draw_row(sheet *s, const moco_dataset *bank_images, const moco_features *bank,
                            const moco_dataset *query_images, const moco_features *queries, size_t query, int32_t y)
{
    size_t rows[NEIGHBOURS];
    const size_t available = moco_features_count(bank);
    const size_t k = available < NEIGHBOURS ? available : NEIGHBOURS;
    MOCO_TRY(moco_nearest(rows, NULL, k, bank, queries, query));
    MOCO_TRY(moco_dataset_read(query_images, s->image, moco_features_index(queries, query)));
    MOCO_TRY(put_tile(s, s->image, MARGIN, y));
    for (size_t i = 0; i < k; ++i) {
        const int32_t x = 2 * MARGIN + TILE + (int32_t)i * (TILE + GAP);
        MOCO_TRY(moco_dataset_read(bank_images, s->image, moco_features_index(bank, rows[i])));
        MOCO_TRY(put_frame(s, x, y,
                           frame_colour(moco_features_labels(queries)[query], moco_features_labels(bank)[rows[i]])));
        MOCO_TRY(put_tile(s, s->image, x, y));
    }
    return MOCO_OK;
}

static moco_status draw_neighbours(sheet *s, const moco_dataset *bank_images, const moco_features *bank,
                                   const moco_dataset *query_images, const moco_features *queries)
{
    const size_t count = moco_features_count(queries);
    MOCO_TRY(moco_image_fill(s->page, 3 * MARGIN + TILE + NEIGHBOURS * (TILE + GAP),
                             HEAD + (int32_t)count * (TILE + GAP) + MARGIN, MOCO__WHITE));
    MOCO_TRY(
        moco_image_draw_text(s->page, MARGIN, HEAD - 22,
                             "query, and its nearest training images by the encoder's features (green: same class, "
                             "red: another)",
                             TEXT, MOCO__INK, 0));
    for (size_t q = 0; q < count; ++q) {
        MOCO_TRY(draw_row(s, bank_images, bank, query_images, queries, q, HEAD + (int32_t)q * (TILE + GAP)));
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
    sheet s = { 0 };
    moco_status status;
    MOCO_TRY_GOTO(sheet_create(&s));
    MOCO_TRY_GOTO(draw_neighbours(&s, bank_images, bank, query_images, queries));
    MOCO_TRY_GOTO(moco_image_write_png(s.page, path));
done:
    sheet_free(&s);
    return status;
}
