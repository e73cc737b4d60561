// Finds the x86-64 level of this processor, to choose among loops that are compiled for several. It asks for features,
// since clang 14 does not know the names of the levels.
#pragma once

#include <cstddef>

#ifdef MOCO_LOOP_VARIANTS
#include <cpuid.h>
#endif

namespace moco {

inline bool cpu_has_v3() noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
           __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
#else
    return false;
#endif
}

inline bool cpu_has_v4() noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    return cpu_has_v3() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512cd") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0;
#else
    return false;
#endif
}

inline bool cpu_has_avx512_bf16() noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    return cpu_has_v4() && __builtin_cpu_supports("avx512bf16") != 0;
#else
    return false;
#endif
}

// Whether the processor multiplies matrices in tiles (AMX), with which oneDNN multiplies bf16 many times faster than
// with vectors. It asks the processor, since clang 14 does not know the name.
inline bool cpu_has_amx_bf16() noexcept
{
#ifdef MOCO_LOOP_VARIANTS
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & (1U << 22)) != 0;
#else
    return false;
#endif
}

// The tables of loops that this processor can run, best first. @p v4 and @p v3 are NULL if they were not compiled.
template <typename Table> class CpuVariants {
  public:
    CpuVariants(const Table *v4, const Table *v3, const Table *plain) noexcept
    {
        if (v4 != nullptr && cpu_has_v4()) {
            list_[count_++] = v4;
        }
        if (v3 != nullptr && cpu_has_v3()) {
            list_[count_++] = v3;
        }
        list_[count_++] = plain;
    }
    // Returns NULL beyond the last.
    [[nodiscard]] const Table *at(std::size_t index) const noexcept { return index < count_ ? list_[index] : nullptr; }

  private:
    const Table *list_[3] = {};
    std::size_t count_ = 0;
};

} // namespace moco
