// The 16 bytes of channels that a thread loads and stores at once: values of float, or of bfloat16 (MOCO_BF16). No
// guard: tests include it once for each type.
#if MOCO_BF16
constexpr int width = 8; // values in 16 bytes
#else
constexpr int width = 4;
#endif

struct alignas(norm_bytes) Words {
    unsigned at[4];
};

__device__ void widen(float (&out)[width], const Words &words)
{
    for (int i = 0; i < 4; ++i) {
#if MOCO_BF16
        out[2 * i] = __uint_as_float(words.at[i] << 16);
        out[2 * i + 1] = __uint_as_float(words.at[i] & 0xffff0000U);
#else
        out[i] = __uint_as_float(words.at[i]);
#endif
    }
}

#if MOCO_BF16
__device__ unsigned rounded_pair(float low, float high)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#else
    const auto rounded = [](float value) {
        const unsigned bits = __float_as_uint(value);
        return value != value ? 0x7fffU : (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
    };
    return rounded(low) | (rounded(high) << 16);
#endif
}
#endif

__device__ Words narrow(const float (&values)[width])
{
    Words words;
    for (int i = 0; i < 4; ++i) {
#if MOCO_BF16
        words.at[i] = rounded_pair(values[2 * i], values[2 * i + 1]);
#else
        words.at[i] = __float_as_uint(values[i]);
#endif
    }
    return words;
}

__device__ Words load(const void *values, size_t at)
{
    return *reinterpret_cast<const Words *>(static_cast<const char *>(values) + at * (norm_bytes / width));
}

__device__ void store(void *values, size_t at, const float (&row)[width])
{
    *reinterpret_cast<Words *>(static_cast<char *>(values) + at * (norm_bytes / width)) = narrow(row);
}
