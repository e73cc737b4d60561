// Resizes with the pixels that Pillow gives: an antialiased triangle filter in 22-bit fixed point, in two passes.
#include "image/image.hpp"

#include "image/pixel_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

constexpr int fraction_bits = 22;

// The taps of each output position along one axis.
struct Filter {
    std::vector<moco::Taps> taps;

    void build(std::int32_t in_size, std::int32_t out_size);

  private:
    std::vector<std::int32_t> weights_;
    std::vector<double> exact_;
};

void Filter::build(std::int32_t in_size, std::int32_t out_size)
{
    const double scale = static_cast<double>(in_size) / out_size;
    const double support = std::max(scale, 1.0);
    const double inverse = 1.0 / support;
    taps.clear();
    weights_.clear();
    for (std::int32_t i = 0; i < out_size; ++i) {
        const double centre = (i + 0.5) * scale;
        const auto first = std::max(static_cast<std::int32_t>(centre - support + 0.5), 0);
        const auto end = std::min(static_cast<std::int32_t>(centre + support + 0.5), in_size);
        exact_.clear();
        double sum = 0.0;
        for (std::int32_t x = first; x < end; ++x) {
            const double distance = std::fabs((x - centre + 0.5) * inverse);
            exact_.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
            sum += exact_.back();
        }
        taps.push_back({ first, end - first, nullptr });
        for (const double weight : exact_) {
            weights_.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << fraction_bits)));
        }
    }
    const std::int32_t *weights = weights_.data(); // the vector grows no more
    for (moco::Taps &at : taps) {
        at.weights = weights;
        weights += at.count;
    }
}

// A part of an image: rows of width x 3 bytes, which are stride bytes apart.
struct View {
    const std::uint8_t *data;
    std::size_t stride;
    std::int32_t width;
    std::int32_t height;
};

// Rows per stripe. The sums run down columns, so the image is transposed in stripes that stay in the first cache.
constexpr std::size_t stripe = 32;

// Resizes each row, to planes.
void resize_across(std::uint8_t *out, const View &in, const Filter &filter)
{
    thread_local moco::Bytes turned;
    thread_local moco::Bytes resized;
    const moco::PixelKernels &kernels = moco::pixel_kernels();
    const std::size_t width = filter.taps.size();
    const auto height = static_cast<std::size_t>(in.height);
    const auto columns = static_cast<std::size_t>(in.width) * 3;
    turned.grow(columns * stripe);
    resized.grow(width * 3 * stripe);
    for (std::size_t y = 0; y < height; y += stripe) {
        const std::size_t rows = std::min(stripe, height - y);
        kernels.transpose(turned.data(), stripe, in.data + y * in.stride, in.stride, rows, columns);
        kernels.weigh_rows(resized.data(), 3 * stripe, turned.data(), 3 * stripe, 3 * stripe, filter.taps.data(),
                           width);
        for (std::size_t c = 0; c < 3; ++c) {
            kernels.transpose(out + (c * height + y) * width, width, resized.data() + c * stripe, 3 * stripe, width,
                              rows);
        }
    }
}

// Resizes each column, of interleaved pixels or of a plane.
void resize_down(std::uint8_t *out, const std::uint8_t *in, std::size_t stride, std::size_t width, const Filter &filter)
{
    moco::pixel_kernels().weigh_rows(out, width, in, stride, width, filter.taps.data(), filter.taps.size());
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

// Whether Pillow 13 resizes columns first. Measured: rounding between the passes shows the order.
bool columns_first(const View &in, std::int32_t out_height, std::int32_t out_width)
{
    return in.height > out_height &&
           std::int64_t{ in.height } - out_height > 2 * (std::int64_t{ in.width } - out_width);
}

void resize(moco_image &image, const View &in, std::int32_t out_height, std::int32_t out_width)
{
    thread_local Filter across;
    thread_local Filter down;
    thread_local moco::Bytes between;
    std::uint8_t *out = image.room(size_of(out_width, out_height));
    const std::size_t row = size_of(in.width, 1);
    if (in.width != out_width) {
        across.build(in.width, out_width);
    }
    if (in.height != out_height) {
        down.build(in.height, out_height);
    }
    if (in.width == out_width) {
        if (in.height == out_height) {
            copy_rows(in, out);
        } else {
            resize_down(out, in.data, in.stride, row, down);
        }
        image.give_rgb(out_width, out_height);
        return;
    }
    if (in.height == out_height) {
        resize_across(out, in, across);
    } else if (columns_first(in, out_height, out_width)) {
        resize_down(between.grow(size_of(in.width, out_height)), in.data, in.stride, row, down);
        resize_across(out, { between.data(), row, in.width, out_height }, across);
    } else {
        resize_across(between.grow(size_of(out_width, in.height)), in, across);
        const std::size_t width = static_cast<std::size_t>(out_width);
        for (std::size_t c = 0; c < 3; ++c) {
            resize_down(out + c * width * static_cast<std::size_t>(out_height),
                        between.data() + c * width * static_cast<std::size_t>(in.height), width, width, down);
        }
    }
    image.give_planes(out_width, out_height);
}

void check_images(const char *function, const moco_image *image, const moco_image *source, const moco_box &box)
{
    if (image == nullptr || source == nullptr || image == source) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": image and source must be two different images");
    }
    moco::check_box(function, *source, box);
}

// Returns a box of another image, which is decoded if necessary.
View view_of(const moco_image &source, const moco_box &box)
{
    source.load(box);
    return { source.loaded(box.top, box.left), source.loaded_stride(), box.width, box.height };
}

// Returns the box in a source whose left and right are still to be exchanged.
moco_box mirrored(const moco_box &box, std::int32_t width)
{
    return { box.top, width - box.left - box.width, box.height, box.width };
}

// Returns luma and chroma of a box of an exact image, which stays unchanged.
moco::Ycc converted(const moco_image &source, const moco_box &box)
{
    thread_local moco::Bytes rgb;
    thread_local moco::Bytes planes;
    const moco::PixelKernels &kernels = moco::pixel_kernels();
    const std::size_t area = static_cast<std::size_t>(box.width) * static_cast<std::size_t>(box.height);
    copy_rows(view_of(source, box), rgb.grow(3 * area));
    const moco::Planes to(planes.grow(3 * area), area);
    kernels.split(to.plane, rgb.data(), area);
    kernels.to_ycc(to.plane, area);
    return moco::ycc_layout(planes.data(), box.width, box.height, /*grey=*/false, /*halved=*/false);
}

// Resizes luma and chroma; colour changes that the source has recorded stay recorded.
void resize_fast(moco_image &image, const moco_image &source, moco_box box, std::int32_t out_height,
                 std::int32_t out_width)
{
    moco::Ycc in;
    if (source.fast) {
        in = source.ycc(box, std::min(box.height / out_height, box.width / out_width));
        box = in.mirrored ? mirrored(box, source.width) : box;
    } else {
        in = converted(source, box);
        box = { 0, 0, box.height, box.width };
    }
    const bool halved = moco::ycc_halves(in);
    std::uint8_t *to = image.room(moco::ycc_size(out_width, out_height, in.grey, halved));
    moco::Ycc made = moco::ycc_layout(to, out_width, out_height, in.grey, halved);
    moco::ycc_resize(made, in, box, out_height, out_width);
    made.note(in);
    image.give_ycc(out_width, out_height, made);
}

} // namespace

moco_status moco_image_resized_crop(moco_image *image, const moco_image *source, moco_box box, int32_t out_height,
                                    int32_t out_width)
{
    MOCO_API_BEGIN
    check_images(__func__, image, source, box);
    if (out_height < 1 || out_width < 1 || std::int64_t{ out_height } * out_width > moco::max_image_pixels) {
        throw moco::Error(MOCO_EINVALID, "moco_image_resized_crop: output size " + std::to_string(out_height) + " x " +
                                             std::to_string(out_width) + " is outside 1 to " +
                                             std::to_string(moco::max_image_pixels) + " pixels");
    }
    if (source->is_bands()) {
        moco::bands_resize(image->bands_room(), source->bands(), box, out_height, out_width);
        image->give_bands();
    } else if (image->fast) {
        resize_fast(*image, *source, box, out_height, out_width);
    } else {
        resize(*image, view_of(*source, box), out_height, out_width);
    }
    MOCO_API_END
}

moco_status moco_image_crop(moco_image *image, const moco_image *source, moco_box box)
{
    MOCO_API_BEGIN
    check_images(__func__, image, source, box);
    if (source->is_bands()) {
        moco::bands_crop(image->bands_room(), source->bands(), box);
        image->give_bands();
        return MOCO_OK;
    }
    copy_rows(view_of(*source, box), image->room(size_of(box.width, box.height)));
    image->give_rgb(box.width, box.height);
    MOCO_API_END
}
