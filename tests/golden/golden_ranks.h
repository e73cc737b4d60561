/* Cases of several processes: this program once a rank. */
#ifndef MOCO_TESTS_GOLDEN_RANKS_H
#define MOCO_TESTS_GOLDEN_RANKS_H

#include <moco.h>

/* Whether this process is one of the ranks of a case. */
bool golden_is_rank(void);

/* Starts the ranks of a case with this program's own command line, cut to the options and the one file (NULL: none),
 * and waits for them. Returns 0 where all ended with 0, else 1. */
int golden_start_ranks(int world, char **argv, int option_count, const char *path);

#endif
