// Declares the loops of F(2x2, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv
// 1509.09308), over channels-last bf16: Y = A^T [(G g G^T) (B^T d B)] A. A tile d of 4x4 pixels gives 2x2 results.
// Products are summed over channels at each of the 16 positions: 16 matrix products instead of 36 multiplications.
//
// Letters are as in the paper: U are transformed filters, V transformed data. Channels come in panels of panel_size.
#pragma once

#include "network/winograd_tiles.hpp"

namespace moco {

struct WinogradKernels {
    // U of the convolution: panels of out x positions x pairs of in x panel_size x 2.
    void (*transform_filters)(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end);
    // U of the gradient by the data, a convolution with reversed filters: as above, with in and out exchanged.
    void (*turn_filters)(Bf16 *u, const float *g, Filters filters, std::size_t begin, std::size_t end);
    // Y of @p count tiles from @p first, at most block_tiles. @p x: images x height x width x in, @p y: with out
    // channels.
    void (*convolve)(Bf16 *y, const Bf16 *x, const Bf16 *u, void *scratch, const TileGrid &grid, Filters filters,
                     std::size_t first, std::size_t count);

    // The gradient by the filters: at each position the product of V and A dY A^T, summed over tiles.
    // 1. Transforms data and gradients for pairs [begin, end) of the tiles of the block that starts at @p first. The
    //    block may reach beyond the last tile.
    void (*transform_data)(Bf16 *v, const Bf16 *x, const TileGrid &grid, std::size_t channels, std::size_t first,
                           std::size_t begin, std::size_t end);
    void (*transform_result)(Bf16 *m, const Bf16 *dy, const TileGrid &grid, std::size_t channels, std::size_t first,
                             std::size_t begin, std::size_t end);
    // 2. Writes their product over @p pairs at @p position to @p du, positions x out x in, or adds it if @p add.
    void (*multiply)(float *du, const Bf16 *v, const Bf16 *m, Filters filters, std::size_t position, std::size_t pairs,
                     bool add);
    // 3. Computes dG = G^T dU G.
    void (*gather_filters)(float *dg, const float *du, Filters filters, std::size_t begin, std::size_t end);
};

extern const WinogradKernels winograd_kernels_avx512_bf16;

// Returns the loops; nullptr if the processor lacks AVX512-BF16, or has AMX, on which oneDNN is faster.
const WinogradKernels *winograd_kernels() noexcept;

} // namespace moco
