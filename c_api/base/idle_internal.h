/* Measures how long a GPU is idle while the host waits. The host runs ahead of it, so its own wait says little. */
#ifndef MOCO_BASE_IDLE_INTERNAL_H
#define MOCO_BASE_IDLE_INTERNAL_H

#include "moco/device.h"

MOCO_BEGIN_DECLS

/* Marks on the stream of a thread, around its waits. */
typedef struct moco__idle moco__idle;

MOCO_MUST_USE moco_status moco__idle_create(moco__idle **out, moco_device device);
void moco__idle_free(moco__idle *idle);
/* Marks that the host begins to wait, or continues to if the wait before has no end. Waits for nothing itself. */
MOCO_MUST_USE moco_status moco__idle_begin(moco__idle *idle);
/* Marks the end of the wait. *seconds receives how long the GPU had nothing to do in those waits that it has passed
 * since the last call. */
MOCO_MUST_USE moco_status moco__idle_end(double *seconds, moco__idle *idle);

MOCO_END_DECLS

#endif
