// Compiles the loops over pixels for x86-64-v4: AVX-512.
#define MOCO_PIXEL_KERNELS pixel_kernels_v4
#define MOCO_PIXEL_KERNELS_NAME "v4"
#include "image/pixel_loops.hpp"
