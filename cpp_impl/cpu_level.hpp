// Which of the x86-64 levels that loops are compiled for this processor has. Asked by features: clang 14 does not know
// the levels' names.
#pragma once

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

} // namespace moco
