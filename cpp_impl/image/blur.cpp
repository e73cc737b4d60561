// Blurs with the pixels that Pillow gives: three extended box blurs along each axis, in 24-bit fixed point.
#include "image/blur.hpp"

#include "image/pixel_kernels.hpp"
#include "image/pixels.hpp"

#include <algorithm>
#include <cmath>

namespace {

constexpr int passes = 3;

// Returns the box whose three passes have the variance sigma squared, by the sequence of float and double
// operations.
moco::Box box_of(double sigma)
{
    const auto radius32 = static_cast<float>(sigma);
    const float variance = radius32 * radius32 / passes;
    const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
    const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
    float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    part /= 6 * (variance - (whole + 1) * (whole + 1));
    const float radius = whole + part;
    moco::Box box = {};
    box.radius = static_cast<std::int32_t>(radius);
    box.whole = static_cast<std::uint32_t>(static_cast<float>(1U << 24U) / (radius * 2 + 1));
    box.part = ((1U << 24U) - (static_cast<std::uint32_t>(box.radius) * 2 + 1) * box.whole) / 2;
    return box;
}

} // namespace

// Blurs rows first, as columns of the transposed picture with all planes side by side, then columns.
void moco::blur_planes(std::uint8_t *first, std::size_t count, std::size_t width, std::size_t height, double sigma)
{
    thread_local Bytes turned;
    thread_local Bytes other;
    thread_local Buffer<std::uint32_t> sums;
    const PixelKernels &kernels = pixel_kernels();
    const Box box = box_of(sigma);
    const std::size_t area = width * height;
    std::uint32_t *sum = sums.grow(std::max(width, count * height));
    const std::size_t room = std::max<std::size_t>(count, 2) * area; // other holds two planes at the end
    turned.grow(room);
    other.grow(room);
    for (std::size_t c = 0; c < count; ++c) {
        kernels.transpose(turned.data() + c * height, count * height, first + c * area, width, height, width);
    }
    for (int pass = 0; pass < passes; ++pass) {
        kernels.blur_rows(other.data(), turned.data(), sum, count * height, width, box);
        turned.swap(other);
    }
    std::uint8_t *const half = other.data() + area;
    for (std::size_t c = 0; c < count; ++c) {
        std::uint8_t *plane = first + c * area;
        kernels.transpose(plane, width, turned.data() + c * height, count * height, width, height);
        kernels.blur_rows(other.data(), plane, sum, width, height, box);
        kernels.blur_rows(half, other.data(), sum, width, height, box);
        kernels.blur_rows(plane, half, sum, width, height, box);
    }
}
