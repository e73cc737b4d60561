/* Sums a run up in a few numbers. */
#ifndef MOCO_REPORT_REPORT_NUMBERS_INTERNAL_H
#define MOCO_REPORT_REPORT_NUMBERS_INTERNAL_H

#include "report/html_internal.h"
#include "report/report_read_internal.h"

void moco__report_numbers(moco__html *html, const moco__record *record);

#endif
