/*
 * How far a pass over images has come: one line that is written over in a terminal, nothing in a pipe.
 */
#ifndef MOCO_TOOLS_CLI_COUNTER_H
#define MOCO_TOOLS_CLI_COUNTER_H

#include <stddef.h>

/* Sets what is being done, as "training images", and starts the clock. */
void counter_start(const char *what);

/* For moco_features_options: shows images done and images a second; ends the pass once a signal was caught. */
int counter_show(size_t done, size_t count, void *payload);

/* Takes the line away. */
void counter_end(void);

#endif
