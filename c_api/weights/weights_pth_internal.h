/* Lists the tensors and numbers of a file of torch.save. */
#ifndef MOCO_WEIGHTS_WEIGHTS_PTH_INTERNAL_H
#define MOCO_WEIGHTS_WEIGHTS_PTH_INTERNAL_H

#include "weights/weights_list_internal.h"

/* Fills the list of a file whose weights->pth is open. */
moco_status moco__weights_list_pth(moco_weights *weights);

#endif
