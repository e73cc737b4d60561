// The loops of F(2x2, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308),
// over channels-last bf16: Y = A^T [(G g G^T) (B^T d B)] A, where a tile d of 4x4 pixels gives 2x2 of the result, and
// products are summed over channels at each of the 16 positions: 16 matrix products in place of 36 multiplications.
//
// Letters are the paper's: U are transformed filters, V transformed data. Channels come in panels of kPanel.
#pragma once

#include "base/bf16.hpp"

#include <cstddef>

namespace moco {

constexpr std::size_t kPanel = 64;
constexpr std::size_t kPositions = 16;
constexpr std::size_t kMostChannels = 4096;
// Tiles of a piece of WinogradKernels::convolve: V and products stay in the second cache.
constexpr std::size_t kBlock = 48;
// Tiles of a piece of the gradient by the filters: longer sums, so that fewer go through memory.
constexpr std::size_t kGradientBlock = 256;

// Images cut into tiles, numbered row by row and image by image. At an odd edge tiles reach beyond.
struct TileGrid {
    std::size_t images, height, width;

    [[nodiscard]] std::size_t rows() const noexcept { return (height + 1) / 2; }
    [[nodiscard]] std::size_t columns() const noexcept { return (width + 1) / 2; }
    [[nodiscard]] std::size_t tiles() const noexcept { return images * rows() * columns(); }
};

// Filters: out x 3 x 3 x in, floats. What is said of ranges: [begin, end) of out, multiples of 16.
struct Filters {
    std::size_t in, out;

    // Of U, V and the like: values of all positions.
    [[nodiscard]] std::size_t transformed() const noexcept { return kPositions * in * out; }
};

// Bytes that WinogradKernels::convolve needs as scratch.
constexpr std::size_t convolve_scratch(std::size_t in) noexcept
{
    return kPositions * kBlock * (in * sizeof(Bf16) + kPanel * sizeof(float));
}

// Of a block of transformed data or gradients: panels of channels x positions x pairs of tiles x kPanel x 2.
constexpr std::size_t block_values(std::size_t channels) noexcept
{
    return kPositions * kGradientBlock * channels;
}

struct WinogradKernels {
    // U of the convolution: panels of out x positions x pairs of in x kPanel x 2.
    void (*transform_filters)(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end);
    // U of the gradient by the data, a convolution with the filters turned round: the same with in and out exchanged.
    void (*turn_filters)(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end);
    // Y of at most kBlock tiles from @p first on. @p x: images x height x width x in, @p y: with out channels.
    void (*convolve)(Bf16 *y, const Bf16 *x, const Bf16 *u, void *scratch, const TileGrid &grid, Filters filters,
                     std::size_t first, std::size_t count);

    // The gradient by the filters: at each position the product of V and of A dY A^T, summed over tiles. First both
    // are transformed for pairs [begin, end) of the tiles of a block that starts at @p first, and may reach beyond the
    // last;
    void (*transform_data)(Bf16 *v, const Bf16 *x, const TileGrid &grid, std::size_t channels, std::size_t first,
                           std::size_t begin, std::size_t end);
    void (*transform_result)(Bf16 *m, const Bf16 *dy, const TileGrid &grid, std::size_t channels, std::size_t first,
                             std::size_t begin, std::size_t end);
    // then @p du, positions x out x in, gets their product at @p position over @p pairs, and keeps what it has if
    // @p add;
    void (*multiply)(float *du, const Bf16 *v, const Bf16 *m, Filters filters, std::size_t position, std::size_t pairs,
                     bool add);
    // last, dG = G^T dU G.
    void (*gather_filters)(float *dg, const float *du, Filters filters, std::size_t begin, std::size_t end);
};

extern const WinogradKernels winograd_kernels_avx512_bf16;

// NULL where this processor has none, or tiles of matrices, on which oneDNN is faster.
const WinogradKernels *winograd_kernels() noexcept;

} // namespace moco
