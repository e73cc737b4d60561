/* Shows the sheets of images of a run. */
#ifndef MOCO_REPORT_REPORT_SHEETS_INTERNAL_H
#define MOCO_REPORT_REPORT_SHEETS_INTERNAL_H

#include "report/html_internal.h"
#include "report/report_read_internal.h"

/* Embeds the PNG files of RUN/plots, and names those that are missing. */
void moco__report_sheets(moco__html *html, const moco__record *record);

#endif
