// The loops of batch norm for x86-64-v4: AVX-512.
#define MOCO_NORM_KERNELS norm_kernels_v4
#define MOCO_NORM_KERNELS_NAME "v4"
#include "network/norm_loops.hpp"
