/*
 * Shows the progress of a pass over images: one line that is rewritten in a terminal, nothing in a pipe.
 */
#ifndef MOCO_TOOLS_CLI_COUNTER_H
#define MOCO_TOOLS_CLI_COUNTER_H

#include <stddef.h>

/* Sets what is counted, as "training images", and starts the clock. */
void counter_start(const char *what);

/* Progress callback of moco_features_options: shows images done and images per second; stops after a signal. */
int counter_show(size_t done, size_t count, void *payload);

/* Clears the line. */
void counter_end(void);

#endif
