/* Runs cases of several processes. */
#ifndef MOCO_TESTS_GOLDEN_RANKS_H
#define MOCO_TESTS_GOLDEN_RANKS_H

#include <moco.h>

/* Whether this process is one of the ranks of a case. */
bool golden_is_rank(void);

/* Starts the ranks of a case with the options of this program's command line and one file (NULL: none), and waits for
 * them. Returns 0 if all ended with 0, else 1. */
int golden_start_ranks(int world, char **argv, int option_count, const char *path);

#endif
