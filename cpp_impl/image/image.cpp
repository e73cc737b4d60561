// The image handle: making, setting, reading back, and normalising.
#include "image/image.hpp"

#include "image/pixel_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace {

void check_size(const char *function, std::int32_t width, std::int32_t height)
{
    const std::int64_t pixels = static_cast<std::int64_t>(width) * height;
    if (width < 1 || height < 1 || pixels > moco::max_image_pixels) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": size " + std::to_string(width) + " x " +
                                             std::to_string(height) + " is outside 1 to " +
                                             std::to_string(moco::max_image_pixels) + " pixels");
    }
}

// A mean and a standard deviation as torchvision rounds them, checked.
moco::Scale scale_of(double mean, double std)
{
    const moco::Scale scale = { static_cast<float>(mean), static_cast<float>(std) };
    if (!std::isfinite(mean) || !std::isfinite(std) || scale.std == 0.0F) {
        throw moco::Error(MOCO_EINVALID, "moco_image_normalize: mean " + std::to_string(mean) + ", std " +
                                             std::to_string(std) + "; give finite values and a std other than 0");
    }
    return scale;
}

} // namespace

void moco_image::load(const moco::Part &part) const
{
    if (in_ycc_) {
        leave_ycc();
    }
    if (planar_) {
        (void)rgb();
    }
    if (!part_.holds(part)) { // no image but one that waits lacks a part
        part_ = {};
        moco::Pixels out{ .bytes = pixels_ };
        part_ = moco::decode_jpeg(out, part, file_.data(), file_size_, name_.c_str());
    }
}

const std::uint8_t *moco_image::loaded(std::int32_t top, std::int32_t left) const noexcept
{
    return pixels_.data() + static_cast<std::size_t>(top - part_.top) * loaded_stride() +
           static_cast<std::size_t>(left - part_.left) * 3;
}

std::uint8_t *moco_image::rgb() const
{
    if (!planar_ || in_ycc_) {
        load({ 0, 0, height, width });
    } else {
        const moco::Planes from = planes();
        moco::pixel_kernels().join(spare_.grow(count()), from.plane, area());
        pixels_.swap(spare_);
        planar_ = false;
    }
    return pixels_.data();
}

moco::Planes moco_image::planes_either_way() const
{
    if (!planar_ || in_ycc_) {
        const std::uint8_t *from = rgb();
        const moco::Planes to(spare_.grow(count()), area());
        moco::pixel_kernels().split(to.plane, from, area());
        pixels_.swap(spare_);
        planar_ = true;
    }
    return { pixels_.data(), area() };
}

moco::Planes moco_image::planes() const
{
    const moco::Planes all = planes_either_way();
    if (mirrored_) {
        std::uint8_t *line = all.plane[0];
        for (std::size_t i = 0; i < static_cast<std::size_t>(height) * 3; ++i, line += width) {
            std::reverse(line, line + width);
        }
        mirrored_ = false;
    }
    return all;
}

void moco_image::mirror()
{
    (void)planes_either_way();
    mirrored_ = !mirrored_;
}

void moco_image::give_rgb(std::int32_t new_width, std::int32_t new_height) noexcept
{
    pixels_.swap(spare_);
    hold_rgb(new_width, new_height);
}

void moco_image::hold_rgb(std::int32_t new_width, std::int32_t new_height) noexcept
{
    width = new_width;
    height = new_height;
    part_ = { 0, 0, new_height, new_width };
    planar_ = false;
    mirrored_ = false;
    in_ycc_ = false;
}

void moco_image::give_planes(std::int32_t new_width, std::int32_t new_height) noexcept
{
    give_rgb(new_width, new_height);
    planar_ = true;
}

void moco_image::give_file(std::int32_t new_width, std::int32_t new_height, moco::Bytes &file, std::size_t size,
                           const char *name)
{
    name_ = name;
    file_.swap(file);
    file_size_ = size;
    hold_rgb(new_width, new_height);
    part_ = {};
}

moco_status moco_image_create(moco_image **out)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    *out = new moco_image();
    MOCO_API_END
}

void moco_image_free(moco_image *image)
{
    delete image;
}

void moco_image_set_lazy(moco_image *image, bool lazy)
{
    if (image != nullptr) {
        image->lazy = lazy;
    }
}

moco_status moco_image_load(const moco_image *image, int32_t top, int32_t left, int32_t height, int32_t width)
{
    return moco_image_load_reduced(image, top, left, height, width, 1);
}

moco_status moco_image_load_reduced(const moco_image *image, int32_t top, int32_t left, int32_t height, int32_t width,
                                    int32_t reduction)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    moco::check_box("moco_image_load", *image, { top, left, height, width });
    if (image->fast) {
        (void)image->ycc({ top, left, height, width }, reduction);
    } else {
        image->load({ top, left, height, width });
    }
    MOCO_API_END
}

int32_t moco_image_width(const moco_image *image)
{
    return image == nullptr ? 0 : image->width;
}

int32_t moco_image_height(const moco_image *image)
{
    return image == nullptr ? 0 : image->height;
}

const uint8_t *moco_image_pixels(const moco_image *image)
{
    try {
        return image == nullptr ? nullptr : image->rgb();
    } catch (const std::exception &) {
        return nullptr;
    }
}

moco_status moco_image_set(moco_image *image, int32_t width, int32_t height, int32_t channels, const uint8_t *pixels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(pixels);
    check_size(__func__, width, height);
    if (channels != 1 && channels != 3) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_set: " + std::to_string(channels) + " channels; give 1 (grey) or 3 (RGB)");
    }
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::uint8_t *to = image->room(count * 3);
    if (channels == 1 && image->fast) {
        std::memcpy(to, pixels, count);
        image->give_ycc(width, height, moco::ycc_layout(to, width, height, true, false));
        return MOCO_OK;
    }
    if (channels == 3) {
        std::memcpy(to, pixels, count * 3);
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = pixels[i];
        }
    }
    image->give_rgb(width, height);
    MOCO_API_END
}

moco_status moco_image_set_planar(moco_image *image, int32_t width, int32_t height, const uint8_t *planes)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(planes);
    check_size(__func__, width, height);
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::memcpy(image->room(count * 3), planes, count * 3);
    image->give_planes(width, height);
    MOCO_API_END
}

moco_status moco_image_fill(moco_image *image, int32_t width, int32_t height, uint32_t colour)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_size(__func__, width, height);
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::uint8_t *to = image->room(count * 3);
    for (std::size_t i = 0; i < count; ++i) {
        to[3 * i] = static_cast<std::uint8_t>(colour >> 16U);
        to[3 * i + 1] = static_cast<std::uint8_t>(colour >> 8U);
        to[3 * i + 2] = static_cast<std::uint8_t>(colour);
    }
    image->give_rgb(width, height);
    MOCO_API_END
}

namespace {

template <typename T>
void store(T *values, const moco_image &image, const moco::Scale scale[3], bool interleaved,
           void (*normalize)(T *, std::size_t, const std::uint8_t *, std::size_t, moco::Scale, bool))
{
    const moco::Planes planes = image.planes_either_way();
    // Rows count only where each one is turned about.
    const std::size_t rows = image.mirrored() ? static_cast<std::size_t>(image.height) : 1;
    const std::size_t length = image.area() / rows;
    const std::size_t step = interleaved ? 3 : 1;
    for (std::size_t c = 0; c < 3; ++c) {
        T *to = interleaved ? values + c : values + c * image.area();
        for (std::size_t y = 0; y < rows; ++y) {
            normalize(to + y * length * step, step, planes.plane[c] + y * length, length, scale[c], image.mirrored());
        }
    }
}

} // namespace

moco_status moco_image_normalize(float *values, const moco_image *image, const double mean[3], const double std[3],
                                 moco_layout layout)
{
    return moco_image_store(values, MOCO_FLOAT32, image, mean, std, layout);
}

moco_status moco_image_store(void *values, moco_dtype dtype, const moco_image *image, const double mean[3],
                             const double std[3], moco_layout layout)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(mean);
    MOCO_CHECK_ARG(std);
    if (dtype != MOCO_FLOAT32 && dtype != MOCO_BFLOAT16) {
        throw moco::Error(MOCO_EINVALID, "moco_image_store: values are MOCO_FLOAT32 or MOCO_BFLOAT16, not type " +
                                             std::to_string(static_cast<int>(dtype)));
    }
    moco::Scale scale[3];
    for (int c = 0; c < 3; ++c) {
        scale[c] = scale_of(mean[c], std[c]);
    }
    const bool interleaved = layout == MOCO_NHWC;
    if (const moco::Ycc *ycc = image->fast_form()) {
        moco::ycc_store(values, dtype == MOCO_BFLOAT16, *ycc, mean, std, layout);
    } else if (dtype == MOCO_BFLOAT16) {
        store(static_cast<std::uint16_t *>(values), *image, scale, interleaved, moco::pixel_kernels().normalize_bf16);
    } else {
        store(static_cast<float *>(values), *image, scale, interleaved, moco::pixel_kernels().normalize);
    }
    MOCO_API_END
}
