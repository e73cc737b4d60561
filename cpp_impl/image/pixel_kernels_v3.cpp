// Compiles the loops over pixels for x86-64-v3: AVX2.
#define MOCO_PIXEL_KERNELS pixel_kernels_v3
#define MOCO_PIXEL_KERNELS_NAME "v3"
#include "image/pixel_loops.hpp"
