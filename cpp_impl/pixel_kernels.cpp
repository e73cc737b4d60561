// Chooses among the variants of the loops over pixels.
#include "pixel_kernels.hpp"

#include "cpu_level.hpp"

namespace moco {

namespace {

struct Variants {
    const PixelKernels *list[3] = {};
    std::size_t count = 0;

    Variants()
    {
#ifdef MOCO_LOOP_VARIANTS
        if (cpu_has_v4()) {
            list[count++] = &pixel_kernels_v4;
        }
        if (cpu_has_v3()) {
            list[count++] = &pixel_kernels_v3;
        }
#endif
        list[count++] = &pixel_kernels_plain;
    }
};

} // namespace

const PixelKernels *pixel_kernels_at(std::size_t index) noexcept
{
    static const Variants variants;
    return index < variants.count ? variants.list[index] : nullptr;
}

const PixelKernels &pixel_kernels() noexcept
{
    return *pixel_kernels_at(0);
}

} // namespace moco
