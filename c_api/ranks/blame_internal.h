/* Says which rank failed, from what the ranks answered to an alarm. */
#ifndef MOCO_RANKS_BLAME_INTERNAL_H
#define MOCO_RANKS_BLAME_INTERNAL_H

#include "ranks/alarm_internal.h"

/* Gives a rank's host and process. */
typedef const char *(*moco__name_of)(const void *payload, int32_t rank);

/*
 * Writes which rank failed, and how, as a sentence. NULL answers, one per rank else, mean that the store does not
 * answer. `reason` is what this rank saw.
 */
void moco__blame(char *buffer, size_t size, const moco__answer *answers, int32_t world, const char *reason,
                 moco__name_of name_of, const void *payload);

#endif
