// Declares the Gaussian blur.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moco {

// Blurs @p count planes, which follow each other in memory, with the pixels that Pillow gives.
void blur_planes(std::uint8_t *first, std::size_t count, std::size_t width, std::size_t height, double sigma);

} // namespace moco
