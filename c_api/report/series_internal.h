/* Reads metrics over the steps back from a run's metrics.jsonl. */
#ifndef MOCO_REPORT_SERIES_INTERNAL_H
#define MOCO_REPORT_SERIES_INTERNAL_H

#include "moco/metrics.h"

/* Reads several metrics in one pass over the file. Series of metrics that no line has are empty, and after a failure
 * all are. @param[out] out one series for each of the names */
moco_status moco__series_read_all(moco_series *out, const char *run, const char *const *names, size_t count);

#endif
