/*
 * What pack and index share: how their progress is shown.
 */
#ifndef MOCO_TOOLS_COMMANDS_SHARD_PROGRESS_H
#define MOCO_TOOLS_COMMANDS_SHARD_PROGRESS_H

#include <moco.h>

/* Callback of packing and indexing: a line that is drawn over on a terminal, lines now and then in a pipe. Asks for the
 * end once a signal was caught. */
int shards_show(const moco_shards_progress *progress, void *payload);

/* Ends the line that is drawn over. */
void shards_show_end(void);

#endif
