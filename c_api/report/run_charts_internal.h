/* Makes the charts of a run: which metrics they show, and what a reader compares these with. */
#ifndef MOCO_REPORT_RUN_CHARTS_INTERNAL_H
#define MOCO_REPORT_RUN_CHARTS_INTERNAL_H

#include "report/chart_internal.h"
#include "report/report_read_internal.h"

enum { MOCO__RUN_CHARTS = 10 };

/* Fills in the index-th chart, which borrows the record's series. Returns the name of its file without an ending; NULL
 * if only the report shows it. A chart without values has a count of 0. */
const char *moco__run_chart(moco__chart *chart, const moco__record *record, size_t index);

/* Returns the loss of guessing, in the run's settings; NaN if these are not known. */
double moco__run_chance(const moco__record *record);

#endif
