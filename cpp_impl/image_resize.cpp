// Pillow's antialiased bilinear resize: a triangle filter in 22-bit fixed point, in two passes.
#include "image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

constexpr int fraction_bits = 22;
constexpr std::int32_t half = 1 << (fraction_bits - 1);

// What each output position along one axis takes from the input.
struct Filter {
    struct Taps {
        std::int32_t first;
        std::int32_t count;
        std::size_t weights; // index of the first weight
    };
    std::vector<Taps> taps;
    std::vector<std::int32_t> weights;
    std::vector<double> exact;

    void build(std::int32_t in_size, std::int32_t out_size);
};

void Filter::build(std::int32_t in_size, std::int32_t out_size)
{
    const double scale = static_cast<double>(in_size) / out_size;
    const double support = std::max(scale, 1.0);
    const double inverse = 1.0 / support;
    taps.clear();
    weights.clear();
    for (std::int32_t i = 0; i < out_size; ++i) {
        const double centre = (i + 0.5) * scale;
        const auto first = std::max(static_cast<std::int32_t>(centre - support + 0.5), 0);
        const auto end = std::min(static_cast<std::int32_t>(centre + support + 0.5), in_size);
        exact.clear();
        double sum = 0.0;
        for (std::int32_t x = first; x < end; ++x) {
            const double distance = std::fabs((x - centre + 0.5) * inverse);
            exact.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
            sum += exact.back();
        }
        taps.push_back({ first, end - first, weights.size() });
        for (const double weight : exact) {
            weights.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << fraction_bits)));
        }
    }
}

std::uint8_t clip(std::int32_t sum)
{
    return static_cast<std::uint8_t>(std::min(sum >> fraction_bits, 255));
}

// A part of an image: rows of width x 3 bytes, each stride bytes after the one before.
struct View {
    const std::uint8_t *data;
    std::size_t stride;
    std::int32_t width;
    std::int32_t height;
};

View resize_rows(const View &in, std::uint8_t *out, const Filter &filter)
{
    const auto width = static_cast<std::int32_t>(filter.taps.size());
    const std::size_t stride = static_cast<std::size_t>(width) * 3;
    for (std::int32_t y = 0; y < in.height; ++y) {
        const std::uint8_t *row = in.data + static_cast<std::size_t>(y) * in.stride;
        std::uint8_t *to = out + static_cast<std::size_t>(y) * stride;
        for (const auto &taps : filter.taps) {
            const std::uint8_t *from = row + static_cast<std::size_t>(taps.first) * 3;
            const std::int32_t *weight = filter.weights.data() + taps.weights;
            std::int32_t red = half;
            std::int32_t green = half;
            std::int32_t blue = half;
            for (std::int32_t i = 0; i < taps.count; ++i, from += 3) {
                red += from[0] * weight[i];
                green += from[1] * weight[i];
                blue += from[2] * weight[i];
            }
            *to++ = clip(red);
            *to++ = clip(green);
            *to++ = clip(blue);
        }
    }
    return { out, stride, width, in.height };
}

View resize_columns(const View &in, std::uint8_t *out, const Filter &filter)
{
    thread_local std::vector<std::int32_t> sums;
    const std::size_t stride = static_cast<std::size_t>(in.width) * 3;
    sums.resize(stride);
    std::int32_t *const sum = sums.data();
    std::uint8_t *to = out;
    for (const auto &taps : filter.taps) {
        std::fill_n(sum, stride, half);
        for (std::int32_t i = 0; i < taps.count; ++i) {
            const std::uint8_t *row = in.data + static_cast<std::size_t>(taps.first + i) * in.stride;
            const std::int32_t weight = filter.weights[taps.weights + static_cast<std::size_t>(i)];
            for (std::size_t x = 0; x < stride; ++x) {
                sum[x] += row[x] * weight;
            }
        }
        for (std::size_t x = 0; x < stride; ++x) {
            to[x] = clip(sum[x]);
        }
        to += stride;
    }
    return { out, stride, in.width, static_cast<std::int32_t>(filter.taps.size()) };
}

void copy_rows(const View &in, std::uint8_t *out)
{
    const std::size_t stride = static_cast<std::size_t>(in.width) * 3;
    for (std::int32_t y = 0; y < in.height; ++y) {
        std::memcpy(out + static_cast<std::size_t>(y) * stride, in.data + static_cast<std::size_t>(y) * in.stride,
                    stride);
    }
}

std::size_t size_of(std::int32_t width, std::int32_t height)
{
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
}

void resize(moco_image &image, const View &in, std::int32_t out_height, std::int32_t out_width)
{
    thread_local Filter across;
    thread_local Filter down;
    thread_local moco::Bytes between;
    std::uint8_t *out = image.pixels.grow(size_of(out_width, out_height));
    const bool resize_width = in.width != out_width;
    const bool resize_height = in.height != out_height;
    if (resize_width) {
        across.build(in.width, out_width);
    }
    if (resize_height) {
        down.build(in.height, out_height);
    }
    if (!resize_width && !resize_height) {
        copy_rows(in, out);
    } else if (!resize_height) {
        (void)resize_rows(in, out, across);
    } else if (!resize_width) {
        (void)resize_columns(in, out, down);
    } else if (in.height > out_height &&
               std::int64_t{ in.height } - out_height > 2 * (std::int64_t{ in.width } - out_width)) {
        // Pillow 13's choice of order, found by trying: rounding between the passes makes it visible.
        (void)resize_rows(resize_columns(in, between.grow(size_of(in.width, out_height)), down), out, across);
    } else {
        (void)resize_columns(resize_rows(in, between.grow(size_of(out_width, in.height)), across), out, down);
    }
    image.width = out_width;
    image.height = out_height;
}

View box_of(const char *function, const moco_image *image, const moco_image *source, std::int32_t top,
            std::int32_t left, std::int32_t height, std::int32_t width)
{
    if (image == nullptr || source == nullptr || image == source) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": image and source must be two different images");
    }
    if (top < 0 || left < 0 || height < 1 || width < 1 || std::int64_t{ top } + height > source->height ||
        std::int64_t{ left } + width > source->width) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": box (top " + std::to_string(top) + ", left " +
                                             std::to_string(left) + ", " + std::to_string(height) + " x " +
                                             std::to_string(width) + ") does not lie within the source's " +
                                             std::to_string(source->height) + " x " + std::to_string(source->width));
    }
    return { source->row(top) + static_cast<std::size_t>(left) * 3, static_cast<std::size_t>(source->width) * 3, width,
             height };
}

} // namespace

moco_status moco_image_resized_crop(moco_image *image, const moco_image *source, int32_t top, int32_t left,
                                    int32_t height, int32_t width, int32_t out_height, int32_t out_width)
{
    MOCO_API_BEGIN
    const View box = box_of(__func__, image, source, top, left, height, width);
    if (out_height < 1 || out_width < 1 || std::int64_t{ out_height } * out_width > moco::max_image_pixels) {
        throw moco::Error(MOCO_EINVALID, "moco_image_resized_crop: output size " + std::to_string(out_height) + " x " +
                                             std::to_string(out_width) + " is outside 1 to " +
                                             std::to_string(moco::max_image_pixels) + " pixels");
    }
    resize(*image, box, out_height, out_width);
    MOCO_API_END
}

moco_status moco_image_crop(moco_image *image, const moco_image *source, int32_t top, int32_t left, int32_t height,
                            int32_t width)
{
    MOCO_API_BEGIN
    const View box = box_of(__func__, image, source, top, left, height, width);
    copy_rows(box, image->pixels.grow(size_of(width, height)));
    image->width = width;
    image->height = height;
    MOCO_API_END
}
