/* A confusion matrix as a picture: true classes down, predicted ones across, the share of a row as colour. */
#include "moco/plot.h"

#include "base/handle_internal.h"
#include "report/plot_chart_internal.h"

#include <stdio.h>

enum { MARGIN = 24, HEAD = 64, SPACE = 150, TEXT = 13, TITLE = 18 };
enum { LARGE_CELL = 48, PAGE = 1600, LABELLED = 40 }; /* more classes than LABELLED have neither names nor numbers */

static int32_t cell_size(size_t classes)
{
    const size_t fits = PAGE / classes;
    return fits > LARGE_CELL ? LARGE_CELL : fits < 1 ? 1 : (int32_t)fits;
}

/* White to blue. */
static uint32_t shade(double share)
{
    const int from[3] = { 0xFF, 0xFF, 0xFF };
    const int to[3] = { MOCO__BLUE >> 16, (MOCO__BLUE >> 8) & 0xFF, MOCO__BLUE & 0xFF };
    uint32_t colour = 0;
    for (int c = 0; c < 3; ++c) {
        colour = colour << 8 | (uint32_t)(from[c] + (to[c] - from[c]) * share + 0.5);
    }
    return colour;
}

static int64_t row_sum(const int64_t *row, size_t classes)
{
    int64_t sum = 0;
    for (size_t c = 0; c < classes; ++c) {
        sum += row[c];
    }
    return sum;
}

static moco_status draw_cell(moco_image *page, moco_image *tile, int32_t x, int32_t y, int32_t size, double share,
                             int64_t count, bool labelled)
{
    char text[32];
    MOCO_TRY(moco_image_fill(tile, size, size, shade(share)));
    MOCO_TRY(moco_image_paste(page, tile, x, y, 1));
    if (!labelled || count == 0) {
        return MOCO_OK;
    }
    (void)snprintf(text, sizeof text, share < 0.0995 ? "%.1f" : "%.0f", 100 * share);
    return moco_image_draw_text(page, x + size / 2, y + size / 2 + TEXT / 2, text, TEXT - 2,
                                share > 0.5 ? MOCO__WHITE : MOCO__INK, 1);
}

static moco_status draw_names(moco_image *page, const char *const *names, size_t classes, int32_t size)
{
    for (size_t c = 0; c < classes; ++c) {
        char text[24];
        const int32_t middle = (int32_t)c * size + size / 2;
        (void)snprintf(text, sizeof text, "%zu", c);
        MOCO_TRY(moco_image_draw_text(page, SPACE + middle, HEAD - 8, text, TEXT, MOCO__INK, 1));
        if (names != NULL && names[c] != NULL) {
            (void)snprintf(text, sizeof text, "%zu %.14s", c, names[c]);
        }
        MOCO_TRY(moco_image_draw_text(page, SPACE - 8, HEAD + middle + TEXT / 2, text, TEXT, MOCO__INK, 2));
    }
    return MOCO_OK;
}

static moco_status draw(moco_image *page, moco_image *tile, const int64_t *matrix, size_t classes,
                        const char *const *names)
{
    const int32_t size = cell_size(classes);
    const int32_t side = size * (int32_t)classes;
    const bool labelled = classes <= LABELLED;
    MOCO_TRY(moco_image_fill(page, SPACE + side + MARGIN, HEAD + side + MARGIN + 2 * TEXT, MOCO__WHITE));
    MOCO_TRY(
        moco_image_draw_text(page, MARGIN, HEAD / 2 - 4, "confusion, percent of each true class", TITLE, MOCO__INK, 0));
    for (size_t row = 0; row < classes; ++row) {
        const int64_t *counts = matrix + row * classes;
        const int64_t sum = row_sum(counts, classes);
        for (size_t column = 0; column < classes; ++column) {
            const double share = sum > 0 ? (double)counts[column] / (double)sum : 0;
            MOCO_TRY(draw_cell(page, tile, SPACE + (int32_t)column * size, HEAD + (int32_t)row * size, size, share,
                               counts[column], labelled));
        }
    }
    if (labelled) {
        MOCO_TRY(draw_names(page, names, classes, size));
    }
    const double x = SPACE + side;
    const double y = HEAD + side;
    const double frame[] = { SPACE, HEAD, x, HEAD, x, y, SPACE, y, SPACE, HEAD };
    MOCO_TRY(moco_image_draw_line(page, frame, 5, MOCO__INK, 1));
    return moco_image_draw_text(page, SPACE, HEAD + side + 2 * TEXT, "across: predicted; down: true", TEXT, MOCO__INK,
                                0);
}

moco_status moco_plot_confusion(const char *path, const int64_t *matrix, size_t classes, const char *const *names)
{
    enum { MAX_CLASSES = 10000 };
    MOCO_CHECK_ARG(path);
    MOCO_CHECK_ARG(matrix);
    if (classes < 1 || classes > MAX_CLASSES) {
        return moco_error_set(MOCO_EINVALID, "plot: a confusion matrix of %zu classes; use 1 to %d", classes,
                              MAX_CLASSES);
    }
    moco_image *page = NULL;
    moco_image *tile = NULL;
    moco_status status;
    MOCO_TRY_GOTO(moco_image_create(&page));
    MOCO_TRY_GOTO(moco_image_create(&tile));
    MOCO_TRY_GOTO(draw(page, tile, matrix, classes, names));
    MOCO_TRY_GOTO(moco_image_write_png(page, path));
done:
    moco_image_free(tile);
    moco_image_free(page);
    return status;
}
