// Runs the loops of Winograd's convolution on processors with AVX512-BF16.
#include "network/winograd_kernels.hpp"
#include "network/winograd_transforms.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace moco {

namespace {

// Pixels beyond an image.
alignas(64) constexpr Bf16 zeros[most_channels] = {};

// Values from row to row of a matrix, and from one pair of the inner dimension to the next.
struct Strides {
    std::size_t row, pair;
};

// c (rows x panel_size) = a b over pairs of the inner dimension. Six rows are 24 sums in registers, which hides
// the latency of a product, for ten loads.
template <std::size_t rows>
void multiply(float *c, std::size_t c_row, const Bf16 *a, Strides strides, const Bf16 *b, std::size_t pairs, bool add)
{
    constexpr std::size_t vectors = panel_size / 16;
    Floats sums[rows][vectors];
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < vectors; ++j) {
            sums[r][j] = add ? load(c + r * c_row + 16 * j) : _mm512_setzero_ps();
        }
    }
    for (std::size_t k = 0; k < pairs; ++k, a += strides.pair, b += 2 * panel_size) {
        __m512bh columns[vectors];
        for (std::size_t j = 0; j < vectors; ++j) {
            columns[j] = std::bit_cast<__m512bh>(_mm512_loadu_si512(b + 32 * j));
        }
        for (std::size_t r = 0; r < rows; ++r) {
            std::int32_t pair = 0;
            std::memcpy(&pair, a + r * strides.row, sizeof pair);
            const auto row = std::bit_cast<__m512bh>(_mm512_set1_epi32(pair));
            for (std::size_t j = 0; j < vectors; ++j) {
                sums[r][j] = _mm512_dpbf16_ps(sums[r][j], row, columns[j]);
            }
        }
    }
    for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < vectors; ++j) {
            _mm512_storeu_ps(c + r * c_row + 16 * j, sums[r][j]);
        }
    }
}

void multiply_rows(std::size_t rows, float *c, std::size_t c_row, const Bf16 *a, Strides strides, const Bf16 *b,
                   std::size_t pairs, bool add)
{
    static constexpr std::array rest = { multiply<1>, multiply<2>, multiply<3>, multiply<4>, multiply<5> };
    constexpr std::size_t most_rows = 6;
    for (; rows >= most_rows; rows -= most_rows, c += most_rows * c_row, a += most_rows * strides.row) {
        multiply<most_rows>(c, c_row, a, strides, b, pairs, add);
    }
    if (rows > 0) {
        rest[rows - 1](c, c_row, a, strides, b, pairs, add);
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

// Returns the pixels of the side x side square that starts `before` pixels ahead of a tile.
template <std::size_t side, std::size_t before>
std::array<const Bf16 *, side * side> square_of(const Bf16 *x, const TileGrid &grid, std::size_t channels,
                                                std::size_t tile)
{
    std::array<const Bf16 *, side * side> square;
    square.fill(zeros);
    if (tile >= grid.tiles()) {
        return square;
    }
    const Place place = place_of(grid, tile);
    for (std::size_t i = 0; i < side; ++i) {
        for (std::size_t j = 0; j < side; ++j) {
            const std::size_t row = place.row + i - before; // wraps to a huge value before the first row
            const std::size_t column = place.column + j - before;
            if (row < grid.height && column < grid.width) {
                square[side * i + j] = x + ((place.image * grid.height + row) * grid.width + column) * channels;
            }
        }
    }
    return square;
}

template <std::size_t side, std::size_t before>
void transform_pairs(Bf16 *to, const Bf16 *x, const TileGrid &grid, std::size_t channels, std::size_t first,
                     std::size_t begin, std::size_t end)
{
    for (std::size_t k = begin; k < end; ++k) {
        const auto a = square_of<side, before>(x, grid, channels, first + 2 * k);
        const auto b = square_of<side, before>(x, grid, channels, first + 2 * k + 1);
        for (std::size_t c = 0; c < channels; c += 16) {
            const Spread of_a = spread_tile(a, c);
            const Spread of_b = spread_tile(b, c);
            Bf16 *const at = to + c / panel_size * block_values(panel_size) + 2 * (k * panel_size + c % panel_size);
            for (std::size_t p = 0; p < positions; ++p) {
                _mm512_storeu_si512(at + p * gradient_tiles * panel_size, pair_up(of_a[p], of_b[p]));
            }
        }
    }
}

// V of a block: positions x block_tiles x in.
void transform_block(Bf16 *v, const Bf16 *x, const TileGrid &grid, std::size_t in, std::size_t first, std::size_t count)
{
    for (std::size_t t = 0; t < count; ++t) {
        const auto d = square_of<4, 1>(x, grid, in, first + t);
        for (std::size_t c = 0; c < in; c += 16) {
            const Spread values = spread_tile(d, c);
            for (std::size_t p = 0; p < positions; ++p) {
                store(v + (p * block_tiles + t) * in + c, values[p]);
            }
        }
    }
}

// A^T m A of a panel of a tile. @p m: positions x block_tiles x panel_size, @p y: the panel of the tile's place.
void gather_tile(Bf16 *y, const float *m, const TileGrid &grid, const Place &place, std::size_t out)
{
    for (std::size_t c = 0; c < panel_size; c += 16) {
        std::array<Floats, 2> columns[4];
        for (std::size_t j = 0; j < 4; ++j) {
            const auto at = [&](std::size_t i) { return load(m + (4 * i + j) * block_tiles * panel_size + c); };
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
    std::array<__m512i, 16> pairs[positions];
    for (std::size_t o = begin; o < end; o += 16) {
        for (std::size_t i = 0; i < in; i += 32) {
            for (std::size_t n = 0; n < 16; ++n) {
                const float *filter = g + (o + n) * 9 * in + i;
                const Spread low = spread_tile(filter, in, false);
                const Spread high = spread_tile(filter + 16, in, false);
                for (std::size_t p = 0; p < positions; ++p) {
                    pairs[p][n] = std::bit_cast<__m512i>(_mm512_cvtne2ps_pbh(high[p], low[p]));
                }
            }
            Bf16 *const at = u + o / panel_size * positions * in * panel_size + i * panel_size + 2 * (o % panel_size);
            for (std::size_t p = 0; p < positions; ++p) {
                transpose(pairs[p]);
                for (std::size_t k = 0; k < 16; ++k) {
                    _mm512_storeu_si512(at + p * in * panel_size + 2 * k * panel_size, pairs[p][k]);
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
            Bf16 *const at = u + i / panel_size * positions * out * panel_size + o * panel_size + 2 * (i % panel_size);
            for (std::size_t p = 0; p < positions; ++p) {
                _mm512_storeu_si512(at + p * out * panel_size, pair_up(a[p], b[p]));
            }
        }
    }
}

void convolve(Bf16 *y, const Bf16 *x, const Bf16 *u, void *scratch, const TileGrid &grid, Filters filters,
              std::size_t first, std::size_t count)
{
    const auto [in, out] = filters;
    auto *const v = static_cast<Bf16 *>(scratch);
    auto *const m = static_cast<float *>(static_cast<void *>(v + positions * block_tiles * in));
    transform_block(v, x, grid, in, first, count);
    for (std::size_t o = 0; o < out; o += panel_size) {
        for (std::size_t p = 0; p < positions; ++p) {
            multiply_rows(count, m + p * block_tiles * panel_size, panel_size, v + p * block_tiles * in, { in, 2 },
                          u + (o * positions + p * panel_size) * in, in / 2, false);
        }
        for (std::size_t t = 0; t < count; ++t) {
            const Place place = place_of(grid, first + t);
            const std::size_t pixel = (place.image * grid.height + place.row) * grid.width + place.column;
            gather_tile(y + pixel * out + o, m + t * panel_size, grid, place, out);
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
    const std::size_t offset = position * gradient_tiles * panel_size;
    for (std::size_t i = 0; i < in; i += panel_size) {
        const Bf16 *const data = v + i / panel_size * block_values(panel_size) + offset;
        for (std::size_t o = 0; o < out; o += panel_size) {
            multiply_rows(panel_size, du + o * in + i, in, m + o / panel_size * block_values(panel_size) + offset,
                          { 2, 2 * panel_size }, data, pairs, add);
        }
    }
}

void gather_filters(float *dg, const float *du, Filters filters, std::size_t begin, std::size_t end)
{
    const std::size_t in = filters.in;
    const std::size_t position = in * filters.out;
    for (std::size_t at = begin * in; at < end * in; at += 16) {
        std::array<Floats, 3> columns[4];
        for (std::size_t j = 0; j < 4; ++j) {
            const auto value = [&](std::size_t i) { return load(du + (4 * i + j) * position + at); };
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
