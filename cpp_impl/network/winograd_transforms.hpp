// Transforms tiles and filters of F(2x2, 3x3), 16 channels at a time, and rearranges vectors. Only for files compiled
// for AVX512-BF16. The unnamed namespace gives each file a copy, so that no other file calls code for this processor.
#pragma once

#include "network/winograd_tiles.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <immintrin.h>

namespace moco {

namespace {

using Floats = __m512;
using Spread = std::array<Floats, positions>;

inline Floats load(const float *from)
{
    return _mm512_loadu_ps(from);
}

inline Floats load(const Bf16 *from)
{
    __m256i half;
    std::memcpy(&half, from, sizeof half);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

inline void store(Bf16 *to, Floats values)
{
    const auto half = _mm512_cvtneps_pbh(values);
    std::memcpy(to, &half, sizeof half);
}

// Returns sixteen pairs (a, b) in bf16.
inline __m512i pair_up(Floats a, Floats b)
{
    alignas(64) static constexpr std::array<std::uint16_t, 32> order = { 0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                         21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                         11, 27, 12, 28, 13, 29, 14, 30, 15, 31 };
    return _mm512_permutexvar_epi16(_mm512_load_si512(order.data()), std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a)));
}

// B^T d of one row or column.
inline std::array<Floats, 4> spread_data(Floats d0, Floats d1, Floats d2, Floats d3)
{
    return { d0 - d2, d1 + d2, d2 - d1, d1 - d3 };
}

// G g.
inline std::array<Floats, 4> spread_filter(Floats g0, Floats g1, Floats g2)
{
    const Floats half = _mm512_set1_ps(0.5F);
    const Floats ends = g0 + g2;
    return { g0, half * (ends + g1), half * (ends - g1), g2 };
}

// A y.
inline std::array<Floats, 4> spread_result(Floats y0, Floats y1)
{
    return { y0, y0 + y1, y0 - y1, -y1 };
}

// A^T m.
inline std::array<Floats, 2> gather_result(Floats m0, Floats m1, Floats m2, Floats m3)
{
    return { m0 + m1 + m2, m1 - m2 - m3 };
}

// G^T u.
inline std::array<Floats, 3> gather_filter(Floats u0, Floats u1, Floats u2, Floats u3)
{
    const Floats half = _mm512_set1_ps(0.5F);
    const Floats sum = half * (u1 + u2);
    return { u0 + sum, half * (u1 - u2), sum + u3 };
}

// B^T d B of 16 channels.
inline Spread spread_tile(const std::array<const Bf16 *, 16> &d, std::size_t channel)
{
    std::array<Floats, 4> columns[4];
    for (std::size_t j = 0; j < 4; ++j) {
        columns[j] = spread_data(load(d[j] + channel), load(d[4 + j] + channel), load(d[8 + j] + channel),
                                 load(d[12 + j] + channel));
    }
    Spread v;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto row = spread_data(columns[0][i], columns[1][i], columns[2][i], columns[3][i]);
        std::copy(row.begin(), row.end(), v.begin() + static_cast<std::ptrdiff_t>(4 * i));
    }
    return v;
}

// A y A^T of 16 channels.
inline Spread spread_tile(const std::array<const Bf16 *, 4> &y, std::size_t channel)
{
    const auto left = spread_result(load(y[0] + channel), load(y[2] + channel));
    const auto right = spread_result(load(y[1] + channel), load(y[3] + channel));
    Spread m;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto row = spread_result(left[i], right[i]);
        std::copy(row.begin(), row.end(), m.begin() + static_cast<std::ptrdiff_t>(4 * i));
    }
    return m;
}

// G g G^T of 16 channels of a filter whose values are @p step apart; @p turned reverses the filter.
inline Spread spread_tile(const float *g, std::size_t step, bool turned)
{
    const auto at = [&](std::size_t i) { return load(g + (turned ? 8 - i : i) * step); };
    std::array<Floats, 4> columns[3];
    for (std::size_t j = 0; j < 3; ++j) {
        columns[j] = spread_filter(at(j), at(3 + j), at(6 + j));
    }
    Spread u;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto row = spread_filter(columns[0][i], columns[1][i], columns[2][i]);
        std::copy(row.begin(), row.end(), u.begin() + static_cast<std::ptrdiff_t>(4 * i));
    }
    return u;
}

// Transposes 16 x 16 values. Each pass exchanges the halves of blocks across the diagonal.
inline void transpose(std::array<__m512i, 16> &rows)
{
    const __m512i count = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (unsigned side = 1; side < 16; side *= 2) {
        const __m512i bit = _mm512_set1_epi32(static_cast<int>(side));
        const __m512i of_low = _mm512_andnot_si512(bit, count);
        const __m512i of_high = _mm512_or_si512(bit, count);
        const __mmask16 odd = _mm512_test_epi32_mask(count, bit);
        const __m512i other = _mm512_set1_epi32(16);
        const __m512i low = _mm512_mask_add_epi32(of_low, odd, of_low, other);
        const __m512i high = _mm512_mask_add_epi32(of_high, odd, of_high, other);
        for (unsigned i = 0; i < 16; ++i) {
            if ((i & side) == 0) {
                const __m512i a = rows[i];
                const __m512i b = rows[i | side];
                rows[i] = _mm512_permutex2var_epi32(a, low, b);
                rows[i | side] = _mm512_permutex2var_epi32(a, high, b);
            }
        }
    }
}

} // namespace

} // namespace moco
