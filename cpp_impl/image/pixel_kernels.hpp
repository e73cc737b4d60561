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

// As Taps, of fast augmentation: weights add up to 256.
struct FastTaps {
    std::int32_t first;
    std::int32_t count;
    const std::uint16_t *weights;
};

// The widest filter of a fast blur, to each side.
constexpr std::int32_t fast_blur_radius = 10;

// A row in luma and chroma. Chroma of half the resolution lies between two rows; near weighs three times as much as
// far.
struct YccRow {
    const std::uint8_t *luma;
    const std::uint8_t *near[2]; // NULL: grey
    const std::uint8_t *far[2];
    bool halved;   // chroma, in both directions
    bool mirrored; // left and right are to be exchanged
};

// A channel's value: luma, and chroma in sixteenths, times these, plus the offset, within low to high.
struct YccScale {
    float luma[3];
    float blue[3];
    float red[3];
    float offset[3];
    float low[3];
    float high[3];
};

// Where a row's values go: to three rows, or to one of pixels, the first.
struct RowTarget {
    void *values[3];
    bool interleaved;
    bool bf16; // else floats
};

// What store_ycc() needs of scratch for a row of @p width.
constexpr std::size_t ycc_scratch(std::size_t width)
{
    return 6 * (width + 2);
}

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
    // The same in bfloat16, rounded to the nearest, halves to even.
    void (*normalize_bf16)(std::uint16_t *out, std::size_t step, const std::uint8_t *in, std::size_t count, Scale scale,
                           bool mirrored);

    // ---- Of fast augmentation ----
    void (*weigh_rows_fast)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                            std::size_t width, const FastTaps *taps, std::size_t count);
    // A symmetric filter down columns, the edge rows repeated: weights[0] of the row itself, weights[i] of both rows i
    // away; radius is at most fast_blur_radius.
    void (*blur_rows_fast)(std::uint8_t *out, const std::uint8_t *in, std::size_t width, std::size_t height,
                           const std::uint16_t *weights, std::int32_t radius);
    std::uint64_t (*sum_bytes)(const std::uint8_t *bytes, std::size_t count);
    // RGB to luma and chroma, in place.
    void (*to_ycc)(std::uint8_t *const planes[3], std::size_t count);
    void (*store_ycc)(const RowTarget &to, const YccRow &row, std::uint16_t *scratch, std::size_t width,
                      const YccScale &scale);
};

extern const PixelKernels pixel_kernels_plain;
extern const PixelKernels pixel_kernels_v3;
extern const PixelKernels pixel_kernels_v4;

// The @p index-th variant that this processor can run, the best first; NULL beyond the last.
const PixelKernels *pixel_kernels_at(std::size_t index) noexcept;

// The variant in use.
const PixelKernels &pixel_kernels() noexcept;

} // namespace moco
