// Pillow's Gaussian blur: three extended box blurs along each axis, in 24-bit fixed point.
#include "image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

constexpr int passes = 3;
constexpr int channels = 3;

// A box of 2 radius + 1 whole pixels and a part of one pixel at each end.
struct Box {
    std::int32_t radius;
    std::uint32_t whole; // weight of a whole pixel
    std::uint32_t part;  // weight of an end pixel

    [[nodiscard]] std::uint8_t weigh(std::uint32_t sum, std::uint32_t ends) const
    {
        return static_cast<std::uint8_t>((sum * whole + ends * part + (1U << 23U)) >> 24U);
    }
};

// The box whose three passes have the variance sigma squared, in Pillow's order of float and double operations.
Box box_of(double sigma)
{
    const auto radius32 = static_cast<float>(sigma);
    const float variance = radius32 * radius32 / passes;
    const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
    const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
    float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    part /= 6 * (variance - (whole + 1) * (whole + 1));
    const float radius = whole + part;
    Box box = {};
    box.radius = static_cast<std::int32_t>(radius);
    box.whole = static_cast<std::uint32_t>(static_cast<float>(1U << 24U) / (radius * 2 + 1));
    box.part = ((1U << 24U) - (static_cast<std::uint32_t>(box.radius) * 2 + 1) * box.whole) / 2;
    return box;
}

// One pass over a row; @p padded is scratch for the row with its edge pixels repeated radius + 1 times.
void blur_row(std::uint8_t *row, std::uint8_t *padded, std::size_t width, const Box &box)
{
    const std::size_t margin = static_cast<std::size_t>(box.radius) + 1;
    for (std::size_t x = 0; x < margin; ++x) {
        std::memcpy(padded + x * channels, row, channels);
        std::memcpy(padded + (margin + width + x) * channels, row + (width - 1) * channels, channels);
    }
    std::memcpy(padded + margin * channels, row, width * channels);
    const std::size_t span = 2 * margin - 1; // whole pixels of the box
    std::uint32_t sum[channels] = {};
    for (std::size_t x = 0; x < span; ++x) {
        for (std::size_t c = 0; c < channels; ++c) {
            sum[c] += padded[x * channels + c];
        }
    }
    for (std::size_t x = 0; x < width; ++x) {
        const std::uint8_t *left = padded + x * channels;
        const std::uint8_t *right = left + (span + 1) * channels;
        for (std::size_t c = 0; c < channels; ++c) {
            sum[c] += static_cast<std::uint32_t>(right[c - channels]) - left[c];
            row[x * channels + c] = box.weigh(sum[c], static_cast<std::uint32_t>(left[c]) + right[c]);
        }
    }
}

// One pass down all columns at once.
void blur_columns(std::uint8_t *out, const std::uint8_t *in, std::uint32_t *sum, std::size_t stride,
                  std::int32_t height, const Box &box)
{
    const auto row = [&](std::int32_t y) {
        return in + static_cast<std::size_t>(std::clamp(y, 0, height - 1)) * stride;
    };
    std::fill_n(sum, stride, 0U);
    for (std::int32_t y = -box.radius - 1; y < box.radius; ++y) {
        const std::uint8_t *from = row(y);
        for (std::size_t x = 0; x < stride; ++x) {
            sum[x] += from[x];
        }
    }
    for (std::int32_t y = 0; y < height; ++y) {
        const std::uint8_t *leaving = row(y - box.radius - 1);
        const std::uint8_t *entering = row(y + box.radius);
        const std::uint8_t *next = row(y + box.radius + 1);
        std::uint8_t *to = out + static_cast<std::size_t>(y) * stride;
        for (std::size_t x = 0; x < stride; ++x) {
            sum[x] += static_cast<std::uint32_t>(entering[x]) - leaving[x];
            to[x] = box.weigh(sum[x], static_cast<std::uint32_t>(leaving[x]) + next[x]);
        }
    }
}

void blur(moco_image &image, const Box &box)
{
    thread_local moco::Bytes padded;
    thread_local moco::Buffer<std::uint32_t> sums;
    const auto width = static_cast<std::size_t>(image.width);
    const std::size_t margin = static_cast<std::size_t>(box.radius) + 1;
    std::uint8_t *line = padded.grow((width + 2 * margin) * channels);
    std::uint32_t *sum = sums.grow(width * channels);
    image.spare.grow(image.count());
    for (std::int32_t y = 0; y < image.height; ++y) {
        for (int pass = 0; pass < passes; ++pass) {
            blur_row(image.row(y), line, width, box);
        }
    }
    for (int pass = 0; pass < passes; ++pass) {
        blur_columns(image.spare.data(), image.pixels.data(), sum, width * channels, image.height, box);
        image.pixels.swap(image.spare);
    }
}

} // namespace

moco_status moco_image_gaussian_blur(moco_image *image, double sigma)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    if (!(sigma >= 0.0 && sigma <= 10000.0)) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_gaussian_blur: sigma " + std::to_string(sigma) + " is outside 0 to 10000");
    }
    if (sigma > 0.0 && image->width > 0) {
        blur(*image, box_of(sigma));
    }
    MOCO_API_END
}
