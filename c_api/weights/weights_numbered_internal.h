/* Gives the parts of a ResNet their names if a file has numbered them. */
#ifndef MOCO_WEIGHTS_WEIGHTS_NUMBERED_INTERNAL_H
#define MOCO_WEIGHTS_WEIGHTS_NUMBERED_INTERNAL_H

#include "weights/weights_list_internal.h"

/* Renames the tensors of nn.Sequential(*resnet.children()), "P.0.weight" to "P.conv1.weight" for example, as lightly
 * and other programs save them. To be called before the names are sorted. */
moco_status moco__weights_name_parts(moco_weights *weights);

#endif
