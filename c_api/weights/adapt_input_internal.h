/* Adapts the first convolution of a network of RGB images to other channels. */
#ifndef MOCO_WEIGHTS_ADAPT_INPUT_INTERNAL_H
#define MOCO_WEIGHTS_ADAPT_INPUT_INTERNAL_H

#include "moco/weights.h"

/* Returns the channels of the images of a network that was found in a file. */
int64_t moco__weights_channels(const moco_weights *weights, const moco_network *network);

/* Returns whether a tensor differs from that of a file only in that it is for other channels than the file's three.
 * @param entry NULL: missing */
bool moco__adapts_input(const moco_weights_entry *entry, const moco_tensor *tensor);

/* Fills such a tensor in, as timm does: the sum over the three for one channel, else the three in turn, times 3 /
 * channels. */
moco_status moco__adapt_input(moco_tensor *tensor, const moco_weights *weights, const moco_weights_entry *entry);

#endif
