/* Puts images on a page as square tiles. */
#ifndef MOCO_REPORT_SHEET_INTERNAL_H
#define MOCO_REPORT_SHEET_INTERNAL_H

#include "report/canvas_internal.h"

/* Sizes in units of the page. */
enum { MOCO__TILE = 84, MOCO__TILE_GAP = 10, MOCO__SHEET_MARGIN = 20, MOCO__SHEET_HEAD = 44, MOCO__CAPTION = 11 };

/* A page and the working images of a sheet. */
typedef struct moco__sheet {
    moco__canvas canvas;
    moco_image *image; /* as read */
    moco_image *view;  /* augmented */
    moco_image *scratch;
    moco_image *shown; /* bands as a picture, stretched as those of image */
} moco__sheet;

/* Makes the working images; open the page then. Free the sheet in any case. */
moco_status moco__sheet_create(moco__sheet *sheet);
void moco__sheet_free(moco__sheet *sheet);

/* Opens the page for a file, and writes its heading. */
moco_status moco__sheet_open(moco__sheet *sheet, const char *path, double width, double height, const char *heading);

/* Draws the centre square of an image as a tile: small images enlarged pixel by pixel, large ones resized. */
moco_status moco__sheet_tile(moco__sheet *sheet, const moco_image *image, double x, double y);

/* Writes a line below a tile, cut to its width. @param line 0, 1, ... */
void moco__sheet_caption(moco__sheet *sheet, double x, double y, int line, const char *text);

#endif
