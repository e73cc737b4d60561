// Resizes luma and chroma fast: by the filter of exact resizing with 8-bit weights, from the samples of a part.
#include "image/pixel_kernels.hpp"
#include "image/pixels.hpp"
#include "image/ycc.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

// The samples along one axis that may be used, and the start of the first output sample.
struct Axis {
    std::int32_t first;
    std::int32_t end;
    double start;
    double scale; // input samples per output sample
};

// The taps of each output sample.
struct Filter {
    std::vector<moco::FastTaps> taps;

    void build(const Axis &axis, std::int32_t out_size);

  private:
    std::vector<std::uint16_t> weights_;
    std::vector<double> sums_;

    void add_weights();
};

// Weights are differences of rounded running sums, so they add up to 256, and each is off by at most one.
void Filter::add_weights()
{
    const double all = 256.0 / sums_.back();
    int before = 0;
    for (const double sum : sums_) {
        const int now = static_cast<int>(sum * all + 0.5);
        weights_.push_back(static_cast<std::uint16_t>(now - before));
        before = now;
    }
}

void Filter::build(const Axis &axis, std::int32_t out_size)
{
    const double support = std::max(axis.scale, 1.0);
    taps.clear();
    weights_.clear();
    for (std::int32_t i = 0; i < out_size; ++i) {
        const double centre = axis.start + (i + 0.5) * axis.scale;
        const auto from =
            std::clamp(static_cast<std::int32_t>(std::floor(centre - support + 0.5)), axis.first, axis.end - 1);
        const auto end = std::clamp(static_cast<std::int32_t>(std::floor(centre + support + 0.5)), from + 1, axis.end);
        double sum = 0.0;
        sums_.clear();
        for (std::int32_t x = from; x < end; ++x) {
            sum += std::max(1.0 - std::fabs((x - centre + 0.5) / support), 1e-9);
            sums_.push_back(sum);
        }
        taps.push_back({ from, end - from, nullptr });
        add_weights();
    }
    const std::uint16_t *weights = weights_.data(); // the vector grows no more
    for (moco::FastTaps &at : taps) {
        at.weights = weights;
        weights += at.count;
    }
}

// Returns one axis of a box of @p length pixels from @p start on; @p step: output pixels per output sample.
Axis axis_of(std::int32_t start, std::int32_t length, double density, std::int32_t held_from, std::int32_t held,
             std::int32_t out_length, int step)
{
    const double from = start * density;
    const double to = (start + length) * density;
    Axis axis = {};
    axis.first = std::clamp(static_cast<std::int32_t>(std::floor(from)) - held_from, 0, held - 1);
    axis.end = std::clamp(static_cast<std::int32_t>(std::ceil(to)) - held_from, axis.first + 1, held);
    axis.start = from - held_from;
    axis.scale = (to - from) * step / out_length;
    return axis;
}

// Resizes one plane: columns first, then rows, as columns of the transposed picture.
void resize_plane(const moco::Plane &out, const moco::Plane &in, const moco_box &box, std::int32_t out_height,
                  std::int32_t out_width, int step)
{
    thread_local Filter across;
    thread_local Filter down;
    thread_local moco::Bytes first;
    thread_local moco::Bytes second;
    const moco::PixelKernels &kernels = moco::pixel_kernels();
    Axis axis = axis_of(box.left, box.width, in.across, in.left, in.width, out_width, step);
    // Columns before the box are skipped.
    const std::int32_t skipped = axis.first;
    const auto columns = static_cast<std::size_t>(axis.end - axis.first);
    axis = { 0, axis.end - skipped, axis.start - skipped, axis.scale };
    across.build(axis, out.width);
    down.build(axis_of(box.top, box.height, in.down, in.top, in.height, out_height, step), out.height);
    const auto width = static_cast<std::size_t>(out.width);
    const auto height = static_cast<std::size_t>(out.height);
    first.grow(std::max(columns, width) * height);
    second.grow(columns * height);
    kernels.weigh_rows_fast(first.data(), columns, in.data + skipped, in.stride, columns, down.taps.data(), height);
    kernels.transpose(second.data(), height, first.data(), columns, height, columns);
    kernels.weigh_rows_fast(first.data(), height, second.data(), height, height, across.taps.data(), width);
    kernels.transpose(out.data, out.stride, first.data(), height, width, height);
}

} // namespace

std::size_t moco::ycc_size(std::int32_t width, std::int32_t height, bool grey, bool halved) noexcept
{
    const auto w = static_cast<std::size_t>(width);
    const auto h = static_cast<std::size_t>(height);
    const std::size_t chroma = halved ? (w + 1) / 2 * ((h + 1) / 2) : w * h;
    return w * h + (grey ? 0 : 2 * chroma);
}

moco::Ycc moco::ycc_layout(std::uint8_t *bytes, std::int32_t width, std::int32_t height, bool grey,
                           bool halved) noexcept
{
    Ycc ycc;
    ycc.grey = grey;
    ycc.halved = halved && !grey;
    ycc.standard = true;
    for (int c = 0; c < (grey ? 1 : 3); ++c) {
        Plane &plane = ycc.plane[c];
        const bool half = c > 0 && halved;
        plane.data = bytes;
        plane.width = half ? (width + 1) / 2 : width;
        plane.height = half ? (height + 1) / 2 : height;
        plane.stride = static_cast<std::size_t>(plane.width);
        plane.across = plane.down = half ? 0.5 : 1.0;
        bytes += plane.stride * static_cast<std::size_t>(plane.height);
    }
    return ycc;
}

bool moco::ycc_halves(const Ycc &in) noexcept
{
    return !in.grey && in.plane[1].across < in.plane[0].across && in.plane[1].down < in.plane[0].down;
}

void moco::ycc_resize(const Ycc &out, const Ycc &in, const moco_box &box, std::int32_t out_height,
                      std::int32_t out_width)
{
    resize_plane(out.plane[0], in.plane[0], box, out_height, out_width, 1);
    for (int c = 1; c < 3 && !in.grey; ++c) {
        resize_plane(out.plane[c], in.plane[c], box, out_height, out_width, out.halved ? 2 : 1);
    }
}
