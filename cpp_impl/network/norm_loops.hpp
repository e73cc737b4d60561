// Runs the loops of batch norm over rows of channels. Each norm_kernels_*.cpp includes it for one kind of processor.
#include "network/norm_kernels.hpp"

#include <bit>
#include <cstdint>

namespace moco {

namespace {

// Rows that are summed in float before the sums are added in double.
constexpr std::size_t block_rows = 64;

inline float load(float value)
{
    return value;
}

inline float load(Bf16 value)
{
    return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

inline void store(float *target, float value)
{
    *target = value;
}

// Rounds to the nearest, ties to even.
inline void store(Bf16 *target, float value)
{
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    const std::uint32_t nan = 0x7FC0U;
    target->bits = static_cast<std::uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded);
}

// Returns 0 if dropped. The Bf16 version masks bits, since a choice between structs would compile to a branch.
inline float unless(bool dropped, float value)
{
    return dropped ? 0 : value;
}

inline Bf16 unless(bool dropped, Bf16 value)
{
    const auto keep = static_cast<std::uint16_t>(static_cast<unsigned>(dropped) - 1U);
    return { static_cast<std::uint16_t>(value.bits & keep) };
}

inline void flush(double *__restrict sum, double *__restrict square, float *__restrict scratch, std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        sum[c] += static_cast<double>(scratch[c]);
        scratch[c] = 0;
    }
    for (std::size_t c = 0; c < channels; ++c) {
        square[c] += static_cast<double>(scratch[channels + c]);
        scratch[channels + c] = 0;
    }
}

template <typename T> void widen(float *__restrict out, const T *__restrict x, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = load(x[i]);
    }
}

template <typename T>
void add_moments(float *__restrict s, float *__restrict q, const T *__restrict x, const float *__restrict pivot,
                 std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        const float d = load(x[c]) - pivot[c];
        s[c] += d;
        q[c] += d * d;
    }
}

// Takes four rows at once, so that the sums are loaded and stored a fourth as often.
template <typename T>
void add_moments_of_4(float *__restrict s, float *__restrict q, const T *__restrict x, const float *__restrict pivot,
                      std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        const float p = pivot[c];
        const float d0 = load(x[c]) - p;
        const float d1 = load(x[channels + c]) - p;
        const float d2 = load(x[2 * channels + c]) - p;
        const float d3 = load(x[3 * channels + c]) - p;
        s[c] += (d0 + d1) + (d2 + d3);
        q[c] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
}

// Sums rows, four at once and then one by one. Sums a block of rows in float, in the halves of @p scratch, then in
// double.
template <typename Four, typename One>
inline void sum_rows(double *sum, double *square, float *scratch, std::size_t rows, std::size_t channels,
                     const Four &four, const One &one)
{
    for (std::size_t c = 0; c < 2 * channels; ++c) {
        scratch[c] = 0;
    }
    for (std::size_t first = 0; first < rows; first += block_rows) {
        const std::size_t end = first + block_rows < rows ? first + block_rows : rows;
        std::size_t row = first;
        for (; row + 4 <= end; row += 4) {
            four(scratch, scratch + channels, row * channels);
        }
        for (; row < end; ++row) {
            one(scratch, scratch + channels, row * channels);
        }
        flush(sum, square, scratch, channels);
    }
}

template <typename T>
void moments(double *sum, double *square, float *scratch, const T *x, const float *pivot, std::size_t rows,
             std::size_t channels)
{
    sum_rows(
        sum, square, scratch, rows, channels,
        [&](float *s, float *q, std::size_t at) { add_moments_of_4(s, q, x + at, pivot, channels); },
        [&](float *s, float *q, std::size_t at) { add_moments(s, q, x + at, pivot, channels); });
}

template <typename T, bool has_other, bool has_relu>
void apply_row(T *__restrict y, const T *__restrict x, const T *__restrict other, const float *__restrict scale,
               const float *__restrict shift, std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        float value = load(x[c]) * scale[c] + shift[c];
        if constexpr (has_other) {
            value += load(other[c]);
        }
        if constexpr (has_relu) {
            value = value < 0 ? 0 : value; // keeps a NaN
        }
        store(&y[c], value);
    }
}

template <typename T, bool has_other, bool has_relu>
void apply_rows(T *y, const T *x, const T *other, Affine affine, std::size_t rows, std::size_t channels)
{
    for (std::size_t at = 0; at < rows * channels; at += channels) {
        apply_row<T, has_other, has_relu>(y + at, x + at, has_other ? other + at : nullptr, affine.scale, affine.shift,
                                          channels);
    }
}

template <typename T>
void apply(T *y, const T *x, const T *other, Affine affine, bool relu, std::size_t rows, std::size_t channels)
{
    if (other != nullptr) {
        relu ? apply_rows<T, true, true>(y, x, other, affine, rows, channels)
             : apply_rows<T, true, false>(y, x, other, affine, rows, channels);
    } else {
        relu ? apply_rows<T, false, true>(y, x, other, affine, rows, channels)
             : apply_rows<T, false, false>(y, x, other, affine, rows, channels);
    }
}

template <typename T> void mask(T *__restrict g, const T *__restrict dy, const T *__restrict y, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        g[i] = unless(load(y[i]) <= 0, dy[i]); // passes the gradient where y is a NaN, as ATen does
    }
}

template <typename T, bool has_relu> float masked(T dy, T x, float scale, float shift)
{
    const float g = load(dy);
    if constexpr (has_relu) {
        return load(x) * scale + shift <= 0 ? 0 : g;
    }
    return g;
}

template <typename T, bool has_relu>
void reduce_row(float *__restrict s, float *__restrict p, const T *__restrict dy, const T *__restrict x,
                const float *__restrict mean, const float *__restrict scale, const float *__restrict shift,
                std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        const float g = masked<T, has_relu>(dy[c], x[c], scale[c], shift[c]);
        s[c] += g;
        p[c] += g * (load(x[c]) - mean[c]);
    }
}

template <typename T, bool has_relu>
void reduce_row_of_4(float *__restrict s, float *__restrict p, const T *__restrict dy, const T *__restrict x,
                     const float *__restrict mean, const float *__restrict scale, const float *__restrict shift,
                     std::size_t n)
{
    for (std::size_t c = 0; c < n; ++c) {
        const float g0 = masked<T, has_relu>(dy[c], x[c], scale[c], shift[c]);
        const float g1 = masked<T, has_relu>(dy[n + c], x[n + c], scale[c], shift[c]);
        const float g2 = masked<T, has_relu>(dy[2 * n + c], x[2 * n + c], scale[c], shift[c]);
        const float g3 = masked<T, has_relu>(dy[3 * n + c], x[3 * n + c], scale[c], shift[c]);
        s[c] += (g0 + g1) + (g2 + g3);
        p[c] += (g0 * (load(x[c]) - mean[c]) + g1 * (load(x[n + c]) - mean[c])) +
                (g2 * (load(x[2 * n + c]) - mean[c]) + g3 * (load(x[3 * n + c]) - mean[c]));
    }
}

template <typename T, bool has_relu>
void reduce_rows(double *sum, double *product, float *scratch, const T *dy, const T *x, const float *mean,
                 Affine affine, std::size_t rows, std::size_t channels)
{
    sum_rows(
        sum, product, scratch, rows, channels,
        [&](float *s, float *p, std::size_t at) {
            reduce_row_of_4<T, has_relu>(s, p, dy + at, x + at, mean, affine.scale, affine.shift, channels);
        },
        [&](float *s, float *p, std::size_t at) {
            reduce_row<T, has_relu>(s, p, dy + at, x + at, mean, affine.scale, affine.shift, channels);
        });
}

template <typename T>
void reduce(double *sum, double *product, float *scratch, const T *dy, const T *x, const float *mean, Affine affine,
            bool relu, std::size_t rows, std::size_t channels)
{
    relu ? reduce_rows<T, true>(sum, product, scratch, dy, x, mean, affine, rows, channels)
         : reduce_rows<T, false>(sum, product, scratch, dy, x, mean, affine, rows, channels);
}

template <typename T, bool has_relu>
void backward_row(T *__restrict dx, const T *__restrict dy, const T *__restrict x, const float *__restrict slope,
                  const float *__restrict mean_g, const float *__restrict mean, const float *__restrict tilt,
                  const float *__restrict scale, const float *__restrict shift, std::size_t channels)
{
    for (std::size_t c = 0; c < channels; ++c) {
        const float g = masked<T, has_relu>(dy[c], x[c], scale[c], shift[c]);
        store(&dx[c], slope[c] * (g - mean_g[c] - (load(x[c]) - mean[c]) * tilt[c]));
    }
}

template <typename T, bool has_relu>
void backward_rows(T *dx, const T *dy, const T *x, NormGradient n, Affine affine, std::size_t rows,
                   std::size_t channels)
{
    for (std::size_t at = 0; at < rows * channels; at += channels) {
        backward_row<T, has_relu>(dx + at, dy + at, x + at, n.slope, n.mean_g, n.mean, n.tilt, affine.scale,
                                  affine.shift, channels);
    }
}

template <typename T>
void backward(T *dx, const T *dy, const T *x, NormGradient gradient, Affine affine, bool relu, std::size_t rows,
              std::size_t channels)
{
    relu ? backward_rows<T, true>(dx, dy, x, gradient, affine, rows, channels)
         : backward_rows<T, false>(dx, dy, x, gradient, affine, rows, channels);
}

template <typename T>
constexpr NormKernels<T> norm_table = { widen<T>, moments<T>, apply<T>, mask<T>, reduce<T>, backward<T> };

} // namespace

const NormVariant MOCO_NORM_KERNELS = { MOCO_NORM_KERNELS_NAME, norm_table<float>, norm_table<Bf16> };

} // namespace moco
