// The loops of batch norm for x86-64-v3: AVX2.
#define MOCO_NORM_KERNELS norm_kernels_v3
#define MOCO_NORM_KERNELS_NAME "v3"
#include "network/norm_loops.hpp"
