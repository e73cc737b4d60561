/* Judges what an application's callback returned. */
#ifndef MOCO_BASE_CALLBACK_INTERNAL_H
#define MOCO_BASE_CALLBACK_INTERNAL_H

#include "moco/error.h"

/* Clears the thread's message before a callback, so that moco__callback_end() sees whether the callback left one.
 */
void moco__callback_begin(void);

/* Returns the status of a callback that has ended. A failure without a message gets one: "WHAT with status ..."; a
 * number that is no status becomes ::MOCO_EIO. */
MOCO_MUST_USE moco_status moco__callback_end(moco_status status, const char *what);

#endif
