/* Draws a sheet of augmented pairs. */
#ifndef MOCO_REPORT_PLOT_PAIRS_INTERNAL_H
#define MOCO_REPORT_PLOT_PAIRS_INTERNAL_H

#include "moco/config.h"

/* Draws a sheet of original images, each beside its two augmented views. */
moco_status moco__plot_pairs(const char *path, const moco_dataset *dataset, const moco_config *config);

#endif
