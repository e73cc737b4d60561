/*
 * Shows the progress of a training run: a bar in a terminal, plain lines in a pipe.
 */
#ifndef MOCO_TOOLS_CLI_PROGRESS_BAR_H
#define MOCO_TOOLS_CLI_PROGRESS_BAR_H

#include <moco.h>

/* Progress callback of moco_train(); stops the run after a signal. */
int progress_show(const moco_progress *progress, void *payload);

/* Ends the line of the bar after the run. */
void progress_end(void);

/* Returns what was shown last; all zero before the first step. */
const moco_progress *progress_last(void);

#endif
