/* Verifies a draft. */
#ifndef MOCO_DATASET_PACK_VERIFY_INTERNAL_H
#define MOCO_DATASET_PACK_VERIFY_INTERNAL_H

#include "dataset/pack_draft_internal.h"

/* Refuses a draft whose samples differ from those that were to be written. */
moco_status moco__pack_verify(moco__draft *draft);

#endif
