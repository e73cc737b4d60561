/* Writes the head and the foot of a page. */
#ifndef MOCO_REPORT_REPORT_PAGE_INTERNAL_H
#define MOCO_REPORT_REPORT_PAGE_INTERNAL_H

#include "report/html_internal.h"
#include "report/report_read_internal.h"

void moco__report_head(moco__html *html, const moco__record *record);
void moco__report_foot(moco__html *html);

#endif
