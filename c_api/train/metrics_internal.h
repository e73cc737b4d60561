/* Makes written metrics safe. */
#ifndef MOCO_TRAIN_METRICS_INTERNAL_H
#define MOCO_TRAIN_METRICS_INTERNAL_H

#include "moco/metrics.h"

/* Waits until the disk has the lines of metrics.jsonl. May be called while another thread writes lines. */
moco_status moco__metrics_sync(const moco_metrics *metrics);

#endif
