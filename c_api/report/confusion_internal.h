/* Draws confusion matrices: true classes down, predicted ones across, the share of a row as colour. */
#ifndef MOCO_REPORT_CONFUSION_INTERNAL_H
#define MOCO_REPORT_CONFUSION_INTERNAL_H

#include "report/canvas_internal.h"

typedef struct moco__confusion {
    const int64_t *matrix; /* classes x classes counts */
    size_t classes;
    const char *const *names; /* NULL: none; a name may be NULL */
} moco__confusion;

/* Opens a page of the right size and draws the matrix on it, with a title for a file. Close the canvas in any case. */
moco_status moco__confusion_draw(moco__canvas *canvas, const moco__confusion *confusion, moco_picture format,
                                 const char *title);

#endif
