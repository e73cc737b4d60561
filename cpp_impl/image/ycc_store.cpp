// Stores pictures in luma and chroma as red, green and blue values.
#include "image/pixel_kernels.hpp"
#include "image/pixels.hpp"
#include "image/ycc.hpp"

#include <algorithm>
#include <cmath>

namespace {

// The matrix of JFIF from blue and red to the three channels.
constexpr double from_blue[3] = { 0.0, -0.344136, 1.772 };
constexpr double from_red[3] = { 1.402, -0.714136, 0.0 };

// Maps a byte to byte x gain + offset.
struct Line {
    double gain;
    double offset;
};

moco::YccScale scale_of(const moco::Ycc &ycc, const Line lines[3])
{
    moco::YccScale scale = {};
    for (int c = 0; c < 3; ++c) {
        const Line &line = lines[c];
        double sums[3] = {}; // for luma, blue and red
        for (int i = 0; i < 3; ++i) {
            sums[i] = ycc.matrix[0][i] + from_blue[c] * ycc.matrix[1][i] + from_red[c] * ycc.matrix[2][i];
        }
        const double middle = ycc.colourless() ? 0.0 : 128.0 * (sums[1] + sums[2]);
        const double ends[2] = { line.offset, 255.0 * line.gain + line.offset };
        scale.luma[c] = static_cast<float>(sums[0] * line.gain);
        scale.blue[c] = static_cast<float>(sums[1] * line.gain / 16.0);
        scale.red[c] = static_cast<float>(sums[2] * line.gain / 16.0);
        scale.offset[c] = static_cast<float>((ycc.offset - middle) * line.gain + line.offset);
        scale.low[c] = static_cast<float>(std::min(ends[0], ends[1]));
        scale.high[c] = static_cast<float>(std::max(ends[0], ends[1]));
    }
    return scale;
}

// Returns row y; chroma of half the resolution is between two of its rows.
moco::YccRow row_of(const moco::Ycc &ycc, std::int32_t y)
{
    moco::YccRow row = {};
    row.luma = ycc.plane[0].data + static_cast<std::size_t>(y) * ycc.plane[0].stride;
    row.halved = ycc.halved;
    row.mirrored = ycc.mirrored;
    for (int c = 0; c < 2 && !ycc.colourless(); ++c) {
        const moco::Plane &plane = ycc.plane[c + 1];
        const std::int32_t near = ycc.halved ? y / 2 : y;
        const std::int32_t far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, plane.height - 1);
        row.near[c] = plane.data + static_cast<std::size_t>(near) * plane.stride;
        row.far[c] = plane.data + static_cast<std::size_t>(far) * plane.stride;
    }
    return row;
}

template <typename T>
void store(T *values, bool bf16, const moco::Ycc &ycc, const moco::YccScale &scale, bool interleaved)
{
    thread_local moco::Buffer<std::uint16_t> scratch;
    const auto width = static_cast<std::size_t>(ycc.plane[0].width);
    const auto height = static_cast<std::size_t>(ycc.plane[0].height);
    scratch.grow(moco::ycc_scratch(width));
    for (std::size_t y = 0; y < height; ++y) {
        T *first = values + y * width * (interleaved ? 3 : 1);
        const moco::RowTarget to = { { first, first + width * height, first + 2 * width * height }, interleaved, bf16 };
        moco::pixel_kernels().store_ycc(to, row_of(ycc, static_cast<std::int32_t>(y)), scratch.data(), width, scale);
    }
}

} // namespace

void moco::ycc_store(void *values, bool bf16, const Ycc &ycc, const double mean[3], const double std[3],
                     moco_layout layout)
{
    Line lines[3];
    for (int c = 0; c < 3; ++c) {
        lines[c] = { 1.0 / (255.0 * std[c]), -mean[c] / std[c] };
    }
    const YccScale scale = scale_of(ycc, lines);
    if (bf16) {
        store(static_cast<std::uint16_t *>(values), bf16, ycc, scale, layout == MOCO_NHWC);
    } else {
        store(static_cast<float *>(values), bf16, ycc, scale, layout == MOCO_NHWC);
    }
}

void moco::ycc_to_rgb(std::uint8_t *rgb, const Ycc &ycc)
{
    thread_local Buffer<float> values;
    const std::size_t count = ycc.plane[0].stride * static_cast<std::size_t>(ycc.plane[0].height) * 3;
    const Line lines[3] = { { 1.0, 0.0 }, { 1.0, 0.0 }, { 1.0, 0.0 } };
    store(values.grow(count), false, ycc, scale_of(ycc, lines), true);
    for (std::size_t i = 0; i < count; ++i) {
        rgb[i] = static_cast<std::uint8_t>(values.data()[i] + 0.5F);
    }
}
