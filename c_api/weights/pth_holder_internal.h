/* Finds the dictionary of a file of torch.save that holds the tensors of the network. */
#ifndef MOCO_WEIGHTS_PTH_HOLDER_INTERNAL_H
#define MOCO_WEIGHTS_PTH_HOLDER_INTERNAL_H

#include "formats/pickle_values_internal.h"

enum { MOCO__HOLDER_SIZE = 128 };

/*
 * Returns the dictionary: `state_dict` or `model` at the top if it has tensors, else the one that looks most like a
 * network, at whatever depth; NULL if none has tensors. Writes its path, as "model.state_dict"; "" is the top.
 */
const moco__pickle_value *moco__pth_find_tensors(char holder[MOCO__HOLDER_SIZE], const moco__pickle_value *root);

#endif
