// The loops over pixels, compiled for several kinds of processors; the best one is chosen at run time.
//
// All of them give the same bits: integers, or float operations in a fixed order without contraction.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moco {

// What one output position of a resize takes from the input: count positions from the first on.
struct Taps {
    std::int32_t first;
    std::int32_t count;
    const std::int32_t *weights; // in 22-bit fixed point
};

// A box of 2 radius + 1 whole pixels and a part of one pixel at each end, weighed in 24-bit fixed point.
struct Box {
    std::int32_t radius;
    std::uint32_t whole;
    std::uint32_t part;
};

// How a channel becomes a float: (byte / 255 - mean) / std.
struct Scale {
    float mean;
    float std;
};

struct PixelKernels {
    const char *name;

    // out[x][y] = in[y][x] for rows x columns bytes.
    void (*transpose)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                      std::size_t rows, std::size_t columns);
    // Output row j is the weighted sum of the rows that taps[j] names; rows are @p width bytes.
    void (*weigh_rows)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                       std::size_t width, const Taps *taps, std::size_t count);
    // One pass of a box blur down columns, the edge rows repeated. @p sum: scratch of @p width.
    void (*blur_rows)(std::uint8_t *out, const std::uint8_t *in, std::uint32_t *sum, std::size_t width,
                      std::size_t height, Box box);
    // PIL's Image.blend of each byte with one grey.
    void (*blend)(std::uint8_t *bytes, std::size_t count, float grey, float factor);
    // PIL's Image.blend of each pixel with its luma.
    void (*saturate)(std::uint8_t *const planes[3], std::size_t count, float factor);
    std::uint64_t (*sum_luma)(std::uint8_t *const planes[3], std::size_t count);
    void (*grey)(std::uint8_t *const planes[3], std::size_t count);
    // Adds @p shift to each pixel's hue, 256 of them a turn.
    void (*shift_hue)(std::uint8_t *const planes[3], std::size_t count, std::int32_t shift);
    // RGB, interleaved, to planes and back.
    void (*split)(std::uint8_t *const planes[3], const std::uint8_t *rgb, std::size_t count);
    void (*join)(std::uint8_t *rgb, std::uint8_t *const planes[3], std::size_t count);
    // A row of one plane to floats, @p step apart; mirrored: from right to left.
    void (*normalize)(float *out, std::size_t step, const std::uint8_t *in, std::size_t count, Scale scale,
                      bool mirrored);
};

extern const PixelKernels pixel_kernels_plain;
extern const PixelKernels pixel_kernels_v3;
extern const PixelKernels pixel_kernels_v4;

// The @p index-th variant that this processor can run, the best first; NULL beyond the last.
const PixelKernels *pixel_kernels_at(std::size_t index) noexcept;

// The variant in use.
const PixelKernels &pixel_kernels() noexcept;

} // namespace moco
