// Chooses the best variant of the loops over pixels that the processor can run.
#include "image/pixel_kernels.hpp"

#include "base/cpu_level.hpp"

namespace moco {

const PixelKernels *pixel_kernels_at(std::size_t index) noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    static const CpuVariants<PixelKernels> variants(&pixel_kernels_v4, &pixel_kernels_v3, &pixel_kernels_plain);
#else
    static const CpuVariants<PixelKernels> variants(nullptr, nullptr, &pixel_kernels_plain);
#endif
    return variants.at(index);
}

const PixelKernels &pixel_kernels() noexcept
{
    return *pixel_kernels_at(0);
}

} // namespace moco
