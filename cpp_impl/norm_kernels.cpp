// Chooses among the variants of the loops of batch norm.
#include "norm_kernels.hpp"

#include "cpu_level.hpp"

namespace moco {

namespace {

struct Variants {
    const NormVariant *list[3] = {};
    std::size_t count = 0;

    Variants()
    {
#ifdef MOCO_LOOP_VARIANTS
        if (cpu_has_v4()) {
            list[count++] = &norm_kernels_v4;
        }
        if (cpu_has_v3()) {
            list[count++] = &norm_kernels_v3;
        }
#endif
        list[count++] = &norm_kernels_plain;
    }
};

} // namespace

const NormVariant *norm_kernels_at(std::size_t index) noexcept
{
    static const Variants variants;
    return index < variants.count ? variants.list[index] : nullptr;
}

template <> const NormKernels<float> &norm_kernels<float>() noexcept
{
    return norm_kernels_at(0)->fp32;
}

template <> const NormKernels<Bf16> &norm_kernels<Bf16>() noexcept
{
    return norm_kernels_at(0)->bf16;
}

} // namespace moco
