// Crops, resizes, mirrors, blurs and pastes bands.
#include "image/bands.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

using moco::Bands;

// The antialiased triangle filter of torchvision along one axis: the taps of each output position.
struct Filter {
    struct Taps {
        std::size_t first, count, weight; // weight: index of the first
    };
    std::vector<Taps> taps;
    std::vector<float> weights;

    Filter(std::int32_t in_size, std::int32_t out_size)
    {
        const double scale = static_cast<double>(in_size) / out_size;
        const double support = std::max(scale, 1.0);
        for (std::int32_t i = 0; i < out_size; ++i) {
            const double centre = (i + 0.5) * scale;
            const auto first = std::max(static_cast<std::int32_t>(centre - support + 0.5), 0);
            const auto end = std::min(static_cast<std::int32_t>(centre + support + 0.5), in_size);
            const std::size_t start = weights.size();
            double sum = 0;
            for (std::int32_t x = first; x < end; ++x) {
                const double weight = std::max(0.0, 1 - std::fabs((x - centre + 0.5) / support));
                weights.push_back(static_cast<float>(weight));
                sum += weight;
            }
            std::for_each(weights.begin() + static_cast<std::ptrdiff_t>(start), weights.end(),
                          [sum](float &weight) { weight = static_cast<float>(weight / sum); });
            taps.push_back({ static_cast<std::size_t>(first), static_cast<std::size_t>(end - first), start });
        }
    }
};

// Makes each output row the weighted sum of input rows, which are @p stride floats apart.
void resize_down(float *out, const float *in, std::size_t stride, std::size_t width, const Filter &filter)
{
    for (const Filter::Taps &at : filter.taps) {
        std::fill_n(out, width, 0.0F);
        for (std::size_t k = 0; k < at.count; ++k) {
            const float weight = filter.weights[at.weight + k];
            const float *row = in + (at.first + k) * stride;
            for (std::size_t x = 0; x < width; ++x) {
                out[x] += weight * row[x];
            }
        }
        out += width;
    }
}

void resize_across(float *out, const float *in, std::size_t width, std::size_t height, const Filter &filter)
{
    for (std::size_t y = 0; y < height; ++y, in += width) {
        for (const Filter::Taps &at : filter.taps) {
            float sum = 0;
            for (std::size_t k = 0; k < at.count; ++k) {
                sum += filter.weights[at.weight + k] * in[at.first + k];
            }
            *out++ = sum;
        }
    }
}

const float *corner(const Bands &in, std::size_t band, const moco_box &box)
{
    return in.plane(band) + static_cast<std::size_t>(box.top) * static_cast<std::size_t>(in.width) +
           static_cast<std::size_t>(box.left);
}

} // namespace

void moco::bands_crop(Bands &out, const Bands &in, const moco_box &box)
{
    out.shape(box.width, box.height, in.count, in.depth);
    const auto width = static_cast<std::size_t>(box.width);
    for (std::size_t c = 0; c < static_cast<std::size_t>(in.count); ++c) {
        const float *from = corner(in, c, box);
        for (std::size_t y = 0; y < static_cast<std::size_t>(box.height); ++y) {
            std::memcpy(out.plane(c) + y * width, from + y * static_cast<std::size_t>(in.width), width * sizeof *from);
        }
    }
}

void moco::bands_resize(Bands &out, const Bands &in, const moco_box &box, std::int32_t height, std::int32_t width)
{
    thread_local Floats between;
    if (box.height == height && box.width == width) {
        bands_crop(out, in, box);
        return;
    }
    const Filter down(box.height, height);
    const Filter across(box.width, width);
    const auto box_width = static_cast<std::size_t>(box.width);
    out.shape(width, height, in.count, in.depth);
    between.grow(box_width * static_cast<std::size_t>(height));
    for (std::size_t c = 0; c < static_cast<std::size_t>(in.count); ++c) {
        resize_down(between.data(), corner(in, c, box), static_cast<std::size_t>(in.width), box_width, down);
        resize_across(out.plane(c), between.data(), box_width, static_cast<std::size_t>(height), across);
    }
}

void moco::bands_paste(Bands &to, const Bands &from, std::int32_t x, std::int32_t y, std::int32_t zoom)
{
    to.depth = from.depth;
    const std::int64_t bottom = std::min(y + std::int64_t{ from.height } * zoom, std::int64_t{ to.height });
    const std::int64_t right = std::min(x + std::int64_t{ from.width } * zoom, std::int64_t{ to.width });
    for (std::size_t c = 0; c < static_cast<std::size_t>(to.count); ++c) {
        for (std::int64_t row = std::max(y, 0); row < bottom; ++row) {
            for (std::int64_t column = std::max(x, 0); column < right; ++column) {
                to.plane(c)[row * to.width + column] =
                    from.plane(c)[(row - y) / zoom * from.width + (column - x) / zoom];
            }
        }
    }
}

void moco::bands_mirror(Bands &bands)
{
    float *row = bands.values.data();
    const auto rows = static_cast<std::size_t>(bands.height) * static_cast<std::size_t>(bands.count);
    for (std::size_t i = 0; i < rows; ++i, row += bands.width) {
        std::reverse(row, row + bands.width);
    }
}

void moco::bands_blur(Bands &bands, double sigma)
{
    for (std::size_t c = 0; c < static_cast<std::size_t>(bands.count); ++c) {
        cv::Mat plane(bands.height, bands.width, CV_32FC1, bands.plane(c));
        cv::GaussianBlur(plane, plane, cv::Size(), sigma, sigma, cv::BORDER_REPLICATE);
    }
}
