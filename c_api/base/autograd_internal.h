/* What the library needs to know from autograd. */
#ifndef MOCO_BASE_AUTOGRAD_INTERNAL_H
#define MOCO_BASE_AUTOGRAD_INTERNAL_H

#include "moco/common.h"

MOCO_BEGIN_DECLS

/* Returns whether operations of this thread are recorded: false between moco_no_grad_begin() and moco_no_grad_end(). */
bool moco__autograd_records(void);

MOCO_END_DECLS

#endif
