// The loops of batch norm for any processor.
#define MOCO_NORM_KERNELS norm_kernels_plain
#define MOCO_NORM_KERNELS_NAME "plain"
#include "network/norm_loops.hpp"
