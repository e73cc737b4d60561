// Chooses among the variants of the loops of batch norm.
#include "network/norm_kernels.hpp"

#include "base/cpu_level.hpp"

namespace moco {

const NormVariant *norm_kernels_at(std::size_t index) noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    static const CpuVariants<NormVariant> variants(&norm_kernels_v4, &norm_kernels_v3, &norm_kernels_plain);
#else
    static const CpuVariants<NormVariant> variants(nullptr, nullptr, &norm_kernels_plain);
#endif
    return variants.at(index);
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
