// Cuts images into tiles, and channels into panels, for Winograd's convolution.
#pragma once

#include "base/bf16.hpp"

#include <cstddef>

namespace moco {

constexpr std::size_t panel_size = 64; // channels
constexpr std::size_t positions = 16;  // of a tile of 4 x 4 pixels
constexpr std::size_t most_channels = 4096;
// Tiles per call of WinogradKernels::convolve: V and the products stay in the L2 cache.
constexpr std::size_t block_tiles = 48;
// Tiles per block of the gradient by the filters: longer sums cause less memory traffic.
constexpr std::size_t gradient_tiles = 256;

// Images cut into tiles of 2x2 results, numbered row by row and image by image. At odd edges tiles reach beyond the
// image.
struct TileGrid {
    std::size_t images, height, width;

    [[nodiscard]] std::size_t rows() const noexcept { return (height + 1) / 2; }
    [[nodiscard]] std::size_t columns() const noexcept { return (width + 1) / 2; }
    [[nodiscard]] std::size_t tiles() const noexcept { return images * rows() * columns(); }
};

// Filters: out x 3 x 3 x in, floats. Ranges [begin, end) are of out, in multiples of 16.
struct Filters {
    std::size_t in, out;

    // Number of transformed values at all positions.
    [[nodiscard]] std::size_t transformed() const noexcept { return positions * in * out; }
};

// Returns the bytes of scratch memory that WinogradKernels::convolve needs.
constexpr std::size_t convolve_scratch(std::size_t in) noexcept
{
    return positions * block_tiles * (in * sizeof(Bf16) + panel_size * sizeof(float));
}

// Returns the values of a block of transformed data or gradients: panels of channels x positions x pairs of tiles x
// panel_size x 2.
constexpr std::size_t block_values(std::size_t channels) noexcept
{
    return positions * gradient_tiles * channels;
}

} // namespace moco
