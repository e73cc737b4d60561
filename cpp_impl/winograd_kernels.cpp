// The loops of Winograd's convolution for processors with AVX512-BF16.
#include "winograd_kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <immintrin.h>

namespace moco {

namespace {

using Floats = __m512;
using Spread = std::array<Floats, kPositions>;

// What lies beyond an image.
alignas(64) constexpr Bf16 kZeros[kMostChannels] = {};

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

// Sixteen pairs (a, b) in bf16.
inline __m512i pair_up(Floats a, Floats b)
{
    alignas(64) static constexpr std::array<std::uint16_t, 32> kOrder = { 0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                          21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                          11, 27, 12, 28, 13, 29, 14, 30, 15, 31 };
    return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder.data()),
                                    std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a)));
}

// Where the rows of a matrix lie: from row to row, and from a pair of the inner dimension to the next.
struct Strides {
    std::size_t row, pair;
};

// c (Rows x kPanel) = a b, over pairs of the inner dimension: 24 sums in registers, of which two instructions a cycle
// are kept busy by 10 loads.
template <std::size_t Rows>
void multiply(float *c, std::size_t c_row, const Bf16 *a, Strides strides, const Bf16 *b, std::size_t pairs, bool add)
{
    constexpr std::size_t kVectors = kPanel / 16;
    Floats sums[Rows][kVectors];
    for (std::size_t r = 0; r < Rows; ++r) {
        for (std::size_t j = 0; j < kVectors; ++j) {
            sums[r][j] = add ? load(c + r * c_row + 16 * j) : _mm512_setzero_ps();
        }
    }
    for (std::size_t k = 0; k < pairs; ++k, a += strides.pair, b += 2 * kPanel) {
        __m512bh columns[kVectors];
        for (std::size_t j = 0; j < kVectors; ++j) {
            columns[j] = std::bit_cast<__m512bh>(_mm512_loadu_si512(b + 32 * j));
        }
        for (std::size_t r = 0; r < Rows; ++r) {
            std::int32_t pair = 0;
            std::memcpy(&pair, a + r * strides.row, sizeof pair);
            const auto row = std::bit_cast<__m512bh>(_mm512_set1_epi32(pair));
            for (std::size_t j = 0; j < kVectors; ++j) {
                sums[r][j] = _mm512_dpbf16_ps(sums[r][j], row, columns[j]);
            }
        }
    }
    for (std::size_t r = 0; r < Rows; ++r) {
        for (std::size_t j = 0; j < kVectors; ++j) {
            _mm512_storeu_ps(c + r * c_row + 16 * j, sums[r][j]);
        }
    }
}

void multiply_rows(std::size_t rows, float *c, std::size_t c_row, const Bf16 *a, Strides strides, const Bf16 *b,
                   std::size_t pairs, bool add)
{
    static constexpr std::array kRest = { multiply<1>, multiply<2>, multiply<3>, multiply<4>, multiply<5> };
    constexpr std::size_t kRows = 6;
    for (; rows >= kRows; rows -= kRows, c += kRows * c_row, a += kRows * strides.row) {
        multiply<kRows>(c, c_row, a, strides, b, pairs, add);
    }
    if (rows > 0) {
        kRest[rows - 1](c, c_row, a, strides, b, pairs, add);
    }
}

struct Place {
    std::size_t image, row, column;
};

Place place_of(const TileGrid &grid, std::size_t tile)
{
    const std::size_t in_row = tile / grid.columns();
    return { in_row / grid.rows(), 2 * (in_row % grid.rows()), 2 * (tile % grid.columns()) };
}

// The pixels of a tile's Side x Side square that starts Before pixels before it.
template <std::size_t Side, std::size_t Before>
std::array<const Bf16 *, Side * Side> square_of(const Bf16 *x, const TileGrid &grid, std::size_t channels,
                                                std::size_t tile)
{
    std::array<const Bf16 *, Side * Side> square;
    square.fill(kZeros);
    if (tile >= grid.tiles()) {
        return square;
    }
    const Place place = place_of(grid, tile);
    for (std::size_t i = 0; i < Side; ++i) {
        for (std::size_t j = 0; j < Side; ++j) {
            const std::size_t row = place.row + i - Before; // before the first: beyond the last
            const std::size_t column = place.column + j - Before;
            if (row < grid.height && column < grid.width) {
                square[Side * i + j] = x + ((place.image * grid.height + row) * grid.width + column) * channels;
            }
        }
    }
    return square;
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

// G g G^T of 16 channels of a filter, whose values are @p step apart.
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

// Exchanges rows and columns of 16 x 16 values: at each turn the halves of blocks that lie across the diagonal.
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

template <std::size_t Side, std::size_t Before>
void transform_pairs(Bf16 *to, const Bf16 *x, const TileGrid &grid, std::size_t channels, std::size_t first,
                     std::size_t begin, std::size_t end)
{
    for (std::size_t k = begin; k < end; ++k) {
        const auto a = square_of<Side, Before>(x, grid, channels, first + 2 * k);
        const auto b = square_of<Side, Before>(x, grid, channels, first + 2 * k + 1);
        for (std::size_t c = 0; c < channels; c += 16) {
            const Spread of_a = spread_tile(a, c);
            const Spread of_b = spread_tile(b, c);
            Bf16 *const at = to + c / kPanel * block_values(kPanel) + 2 * (k * kPanel + c % kPanel);
            for (std::size_t p = 0; p < kPositions; ++p) {
                _mm512_storeu_si512(at + p * kGradientBlock * kPanel, pair_up(of_a[p], of_b[p]));
            }
        }
    }
}

// V of a block: positions x kBlock x in.
void transform_block(Bf16 *v, const Bf16 *x, const TileGrid &grid, std::size_t in, std::size_t first, std::size_t count)
{
    for (std::size_t t = 0; t < count; ++t) {
        const auto d = square_of<4, 1>(x, grid, in, first + t);
        for (std::size_t c = 0; c < in; c += 16) {
            const Spread values = spread_tile(d, c);
            for (std::size_t p = 0; p < kPositions; ++p) {
                store(v + (p * kBlock + t) * in + c, values[p]);
            }
        }
    }
}

// A^T m A of a panel of a tile. @p m: positions x kBlock x kPanel, @p y: the panel of the tile's place.
void gather_tile(Bf16 *y, const float *m, const TileGrid &grid, const Place &place, std::size_t out)
{
    for (std::size_t c = 0; c < kPanel; c += 16) {
        std::array<Floats, 2> columns[4];
        for (std::size_t j = 0; j < 4; ++j) {
            const auto at = [&](std::size_t i) { return load(m + (4 * i + j) * kBlock * kPanel + c); };
            columns[j] = gather_result(at(0), at(1), at(2), at(3));
        }
        for (std::size_t i = 0; i < 2 && place.row + i < grid.height; ++i) {
            const auto row = gather_result(columns[0][i], columns[1][i], columns[2][i], columns[3][i]);
            for (std::size_t j = 0; j < 2 && place.column + j < grid.width; ++j) {
                store(y + (i * grid.width + j) * out + c, row[j]);
            }
        }
    }
}

void transform_filters(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end)
{
    const std::size_t in = filters.in;
    std::array<__m512i, 16> pairs[kPositions];
    for (std::size_t o = begin; o < end; o += 16) {
        for (std::size_t i = 0; i < in; i += 32) {
            for (std::size_t n = 0; n < 16; ++n) {
                const float *filter = g + (o + n) * 9 * in + i;
                const Spread low = spread_tile(filter, in, false);
                const Spread high = spread_tile(filter + 16, in, false);
                for (std::size_t p = 0; p < kPositions; ++p) {
                    pairs[p][n] = std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(high[p], low[p]));
                }
            }
            Bf16 *const at = u + o / kPanel * kPositions * in * kPanel + i * kPanel + 2 * (o % kPanel);
            for (std::size_t p = 0; p < kPositions; ++p) {
                transpose(pairs[p]);
                for (std::size_t k = 0; k < 16; ++k) {
                    _mm512_storeu_si512(at + p * in * kPanel + 2 * k * kPanel, pairs[p][k]);
                }
            }
        }
    }
}

void turn_filters(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end)
{
    const auto [in, out] = filters;
    for (std::size_t o = begin; o < end; o += 2) {
        for (std::size_t i = 0; i < in; i += 16) {
            const Spread a = spread_tile(g + o * 9 * in + i, in, true);
            const Spread b = spread_tile(g + (o + 1) * 9 * in + i, in, true);
            Bf16 *const at = u + i / kPanel * kPositions * out * kPanel + o * kPanel + 2 * (i % kPanel);
            for (std::size_t p = 0; p < kPositions; ++p) {
                _mm512_storeu_si512(at + p * out * kPanel, pair_up(a[p], b[p]));
            }
        }
    }
}

void convolve(Bf16 *y, const Bf16 *x, const Bf16 *u, void *scratch, const TileGrid &grid, Filters filters,
              std::size_t first, std::size_t count)
{
    const auto [in, out] = filters;
    auto *const v = static_cast<Bf16 *>(scratch);
    auto *const m = static_cast<float *>(static_cast<void *>(v + kPositions * kBlock * in));
    transform_block(v, x, grid, in, first, count);
    for (std::size_t o = 0; o < out; o += kPanel) {
        for (std::size_t p = 0; p < kPositions; ++p) {
            multiply_rows(count, m + p * kBlock * kPanel, kPanel, v + p * kBlock * in, { in, 2 },
                          u + (o * kPositions + p * kPanel) * in, in / 2, false);
        }
        for (std::size_t t = 0; t < count; ++t) {
            const Place place = place_of(grid, first + t);
            const std::size_t pixel = (place.image * grid.height + place.row) * grid.width + place.column;
            gather_tile(y + pixel * out + o, m + t * kPanel, grid, place, out);
        }
    }
}

void transform_data(Bf16 *v, const Bf16 *x, const TileGrid &grid, std::size_t channels, std::size_t first,
                    std::size_t begin, std::size_t end)
{
    transform_pairs<4, 1>(v, x, grid, channels, first, begin, end);
}

void transform_result(Bf16 *m, const Bf16 *dy, const TileGrid &grid, std::size_t channels, std::size_t first,
                      std::size_t begin, std::size_t end)
{
    transform_pairs<2, 0>(m, dy, grid, channels, first, begin, end);
}

void multiply_at(float *du, const Bf16 *v, const Bf16 *m, Filters filters, std::size_t position, std::size_t pairs,
                 bool add)
{
    const auto [in, out] = filters;
    du += position * in * out;
    const std::size_t offset = position * kGradientBlock * kPanel;
    for (std::size_t i = 0; i < in; i += kPanel) {
        const Bf16 *const data = v + i / kPanel * block_values(kPanel) + offset;
        for (std::size_t o = 0; o < out; o += kPanel) {
            multiply_rows(kPanel, du + o * in + i, in, m + o / kPanel * block_values(kPanel) + offset,
                          { 2, 2 * kPanel }, data, pairs, add);
        }
    }
}

void gather_filters(float *dg, const float *du, Filters filters, std::size_t begin, std::size_t end)
{
    const auto [in, out] = filters;
    for (std::size_t at = begin * in; at < end * in; at += 16) {
        std::array<Floats, 3> columns[4];
        for (std::size_t j = 0; j < 4; ++j) {
            const auto value = [&](std::size_t i) { return load(du + (4 * i + j) * in * out + at); };
            columns[j] = gather_filter(value(0), value(1), value(2), value(3));
        }
        float *const filter = dg + at / in * 9 * in + at % in;
        for (std::size_t i = 0; i < 3; ++i) {
            const auto row = gather_filter(columns[0][i], columns[1][i], columns[2][i], columns[3][i]);
            for (std::size_t j = 0; j < 3; ++j) {
                _mm512_storeu_ps(filter + (3 * i + j) * in, row[j]);
            }
        }
    }
}

} // namespace

const WinogradKernels winograd_kernels_avx512_bf16 = { transform_filters, turn_filters, convolve,      transform_data,
                                                       transform_result,  multiply_at,  gather_filters };

} // namespace moco
