/* Says in what a network of a file differs from the nearest that libmoco knows. */
#ifndef MOCO_WEIGHTS_WEIGHTS_NEAREST_INTERNAL_H
#define MOCO_WEIGHTS_WEIGHTS_NEAREST_INTERNAL_H

#include "weights/weights_list_internal.h"

/* Refuses the network under a prefix, and names the nearest one and the first tensor that differs. */
moco_status moco__weights_refuse_network(const moco_weights *weights, const char *prefix);

/* Refuses a file that lacks a tensor of a network, or has it in another shape; MOCO_OK if it fits.
 * @param entry NULL: missing */
moco_status moco__weights_compare(const moco_weights *weights, const char *name, const moco_weights_entry *entry,
                                  const moco_tensor *tensor, const char *network);

#endif
