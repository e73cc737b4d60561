// Compiles the loops over pixels for any processor.
#define MOCO_PIXEL_KERNELS pixel_kernels_plain
#define MOCO_PIXEL_KERNELS_NAME "plain"
#include "image/pixel_loops.hpp"
