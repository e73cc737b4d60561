/* Finds under which prefix a file has the tensors of a ResNet. */
#ifndef MOCO_WEIGHTS_WEIGHTS_PREFIX_INTERNAL_H
#define MOCO_WEIGHTS_WEIGHTS_PREFIX_INTERNAL_H

#include "weights/weights_list_internal.h"

/*
 * Finds the prefix of the network that was trained: any text that stands before both conv1.weight and
 * layer1.0.conv1.weight. Among several, those of the reference and of plain networks come first, and those of copies
 * (momentum, teacher, EMA) last. The key encoder is only found under a prefix that ends in "encoder_k.".
 */
moco_status moco__weights_find_prefix(char prefix[64], const moco_weights *weights, moco_branch branch);

/* Writes sizes as "[64, 3, 7, 7]". */
void moco__weights_shape_text(char *out, size_t room, const int64_t *sizes, size_t ndim);

#endif
