/* Shows the results of a run's evaluations as bars and tables. */
#ifndef MOCO_REPORT_REPORT_EVALUATIONS_INTERNAL_H
#define MOCO_REPORT_REPORT_EVALUATIONS_INTERNAL_H

#include "report/html_internal.h"
#include "report/report_read_internal.h"

void moco__report_evaluations(moco__html *html, const moco__record *record);

#endif
