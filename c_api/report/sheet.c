/* Puts images on a page as square tiles. */
#include "report/sheet_internal.h"

#include "base/handle_internal.h"

#include <stdio.h>
#include <string.h>

enum { TILE_PIXELS = MOCO__TILE * MOCO__CANVAS_SCALE, HEADING = 13 };

moco_status moco__sheet_create(moco__sheet *sheet)
{
    *sheet = (moco__sheet){ .image = NULL };
    MOCO_TRY(moco_image_create(&sheet->image));
    MOCO_TRY(moco_image_create(&sheet->view));
    MOCO_TRY(moco_image_create(&sheet->shown));
    return moco_image_create(&sheet->scratch);
}

void moco__sheet_free(moco__sheet *sheet)
{
    moco__canvas_close(&sheet->canvas);
    moco_image_free(sheet->image);
    moco_image_free(sheet->view);
    moco_image_free(sheet->scratch);
    moco_image_free(sheet->shown);
}

moco_status moco__sheet_open(moco__sheet *sheet, const char *path, double width, double height, const char *heading)
{
    moco_picture format = MOCO_PICTURE_AUTO;
    MOCO_TRY(moco__picture_of(&format, path));
    MOCO_TRY(moco__canvas_open(&sheet->canvas, format, width, height));
    const moco__label label = { heading, MOCO__SHEET_MARGIN, MOCO__SHEET_HEAD - 16, HEADING, MOCO__INK, MOCO__LEFT, 0,
                                false };
    moco__canvas_text(&sheet->canvas, &label);
    return MOCO_OK;
}

moco_status moco__sheet_tile(moco__sheet *sheet, const moco_image *image, double x, double y)
{
    const int32_t width = moco_image_width(image);
    const int32_t height = moco_image_height(image);
    const int32_t side = width < height ? width : height;
    const int32_t zoom = TILE_PIXELS / side;
    const int32_t size = zoom >= 2 ? side : TILE_PIXELS;
    const double shown = (double)(zoom >= 2 ? side * zoom : TILE_PIXELS) / MOCO__CANVAS_SCALE;
    MOCO_TRY(moco_image_resized_crop(sheet->scratch, image,
                                     (moco_box){ (height - side) / 2, (width - side) / 2, side, side }, size, size));
    const moco_image *picture = sheet->scratch;
    if (moco_image_bands(sheet->scratch) != NULL) {
        MOCO_TRY(moco_image_show(sheet->shown, sheet->scratch, sheet->image));
        picture = sheet->shown;
    }
    const double inset = (MOCO__TILE - shown) / 2;
    const moco__box box = { x + inset, y + inset, shown, shown };
    moco__canvas_image(&sheet->canvas, picture, &box);
    return sheet->canvas.status;
}

void moco__sheet_caption(moco__sheet *sheet, double x, double y, int line, const char *text)
{
    char cut[64];
    const double size = MOCO__CAPTION - 1;
    (void)snprintf(cut, sizeof cut, "%s", text);
    for (size_t length = strlen(cut); length > 1 && moco__canvas_text_width(&sheet->canvas, cut, size) > MOCO__TILE;) {
        do { /* whole characters of UTF-8 */
            --length;
        } while (length > 1 && ((unsigned char)cut[length] & 0xC0) == 0x80);
        (void)snprintf(cut + length, sizeof cut - length, "…");
    }
    const moco__label label = { cut,  x,          y + MOCO__TILE + 3 + (line + 1) * (MOCO__CAPTION + 1),
                                size, MOCO__SOFT, MOCO__LEFT,
                                0,    false };
    moco__canvas_text(&sheet->canvas, &label);
}
