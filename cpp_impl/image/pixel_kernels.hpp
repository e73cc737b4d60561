// Lists the loops over pixels, which are compiled for several kinds of processors; the best are chosen at run time.
//
// All variants give bit-identical results: they use integers, or float operations in a fixed order without contraction.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moco {

// The weights of an output position of a resize, for count input positions from the first on.
struct Taps {
    std::int32_t first;
    std::int32_t count;
    const std::int32_t *weights; // in 22-bit fixed point
};

// A box of 2 radius + 1 complete pixels and a part of a pixel at each end, with weights in 24-bit fixed point.
struct Box {
    std::int32_t radius;
    std::uint32_t whole;
    std::uint32_t part;
};

// Maps a byte to (byte / 255 - mean) / std.
struct Scale {
    float mean;
    float std;
};

// Taps of fast augmentation, whose weights add up to 256.
struct FastTaps {
    std::int32_t first;
    std::int32_t count;
    const std::uint16_t *weights;
};

// The largest radius of a fast blur, in samples.
constexpr std::int32_t fast_blur_radius = 10;

// A row in luma and chroma. Chroma of half the resolution is between two of its rows: near has three times the weight
// of far.
struct YccRow {
    const std::uint8_t *luma;
    const std::uint8_t *near[2]; // NULL: grey
    const std::uint8_t *far[2];
    bool halved;   // chroma has half the resolution on both axes
    bool mirrored; // left and right are to be exchanged
};

// The factors of luma, and of chroma in sixteenths, that make a channel; then its offset and limits.
struct YccScale {
    float luma[3];
    float blue[3];
    float red[3];
    float offset[3];
    float low[3];
    float high[3];
};

// The destination of a row: three rows, or, interleaved, only the first.
struct RowTarget {
    void *values[3];
    bool interleaved;
    bool bf16; // else floats
};

// The scratch that store_ycc() needs for a row of @p width, in 16-bit numbers.
constexpr std::size_t ycc_scratch(std::size_t width)
{
    return 6 * (width + 2);
}

struct PixelKernels {
    const char *name;

    // out[x][y] = in[y][x] for rows x columns bytes.
    void (*transpose)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                      std::size_t rows, std::size_t columns);
    // Makes output row j the weighted sum of the rows of taps[j]; rows have @p width bytes.
    void (*weigh_rows)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                       std::size_t width, const Taps *taps, std::size_t count);
    // Makes one pass of a box blur down columns; edge rows are repeated. @p sum: scratch of @p width.
    void (*blur_rows)(std::uint8_t *out, const std::uint8_t *in, std::uint32_t *sum, std::size_t width,
                      std::size_t height, Box box);
    // Image.blend of Pillow, of each byte with one grey.
    void (*blend)(std::uint8_t *bytes, std::size_t count, float grey, float factor);
    // Image.blend of Pillow, of each pixel with its luma.
    void (*saturate)(std::uint8_t *const planes[3], std::size_t count, float factor);
    std::uint64_t (*sum_luma)(std::uint8_t *const planes[3], std::size_t count);
    void (*grey)(std::uint8_t *const planes[3], std::size_t count);
    // Adds @p shift to the hue of each pixel; 256 is a full turn.
    void (*shift_hue)(std::uint8_t *const planes[3], std::size_t count, std::int32_t shift);
    // Splits interleaved RGB into planes, and joins planes again.
    void (*split)(std::uint8_t *const planes[3], const std::uint8_t *rgb, std::size_t count);
    void (*join)(std::uint8_t *rgb, std::uint8_t *const planes[3], std::size_t count);
    // Maps a row of a plane to floats that are @p step apart; mirrored: from right to left.
    void (*normalize)(float *out, std::size_t step, const std::uint8_t *in, std::size_t count, Scale scale,
                      bool mirrored);
    // The same to bfloat16, rounded to nearest, ties to even.
    void (*normalize_bf16)(std::uint16_t *out, std::size_t step, const std::uint8_t *in, std::size_t count, Scale scale,
                           bool mirrored);

    // ---- For fast augmentation ----
    void (*weigh_rows_fast)(std::uint8_t *out, std::size_t out_stride, const std::uint8_t *in, std::size_t in_stride,
                            std::size_t width, const FastTaps *taps, std::size_t count);
    // Applies a symmetric filter down columns; edge rows are repeated. weights[0] is for the row itself, weights[i] for
    // the two rows at distance i; radius is at most fast_blur_radius.
    void (*blur_rows_fast)(std::uint8_t *out, const std::uint8_t *in, std::size_t width, std::size_t height,
                           const std::uint16_t *weights, std::int32_t radius);
    std::uint64_t (*sum_bytes)(const std::uint8_t *bytes, std::size_t count);
    // Converts RGB to luma and chroma in place.
    void (*to_ycc)(std::uint8_t *const planes[3], std::size_t count);
    void (*store_ycc)(const RowTarget &to, const YccRow &row, std::uint16_t *scratch, std::size_t width,
                      const YccScale &scale);
};

extern const PixelKernels pixel_kernels_plain;
extern const PixelKernels pixel_kernels_v3;
extern const PixelKernels pixel_kernels_v4;

// Returns the @p index-th variant that this processor can run, best first; NULL beyond the last.
const PixelKernels *pixel_kernels_at(std::size_t index) noexcept;

// Returns the best variant.
const PixelKernels &pixel_kernels() noexcept;

} // namespace moco
