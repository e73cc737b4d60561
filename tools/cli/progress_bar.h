/*
 * How a training run is shown: a bar on one line of a terminal, plain lines in a pipe.
 */
#ifndef MOCO_TOOLS_CLI_PROGRESS_BAR_H
#define MOCO_TOOLS_CLI_PROGRESS_BAR_H

#include <moco.h>

/* Callback of moco_train(); asks for the run's end once a signal was caught. */
int progress_show(const moco_progress *progress, void *payload);

/* Ends the bar's line, after the run. */
void progress_end(void);

/* What the run showed last; all zero before the first step. */
const moco_progress *progress_last(void);

#endif
