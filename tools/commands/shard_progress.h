/*
 * Shows the progress of moco pack and moco index.
 */
#ifndef MOCO_TOOLS_COMMANDS_SHARD_PROGRESS_H
#define MOCO_TOOLS_COMMANDS_SHARD_PROGRESS_H

#include <moco.h>

/* The callback of packing and indexing: redraws one line on a terminal, prints a line now and then to a pipe. Asks to
 * stop after a signal. */
int shards_show(const moco_shards_progress *progress, void *payload);

/* Ends the line on a terminal. */
void shards_show_end(void);

#endif
