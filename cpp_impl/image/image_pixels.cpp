// Makes images, sets their pixels and gives them back.
#include "image/image.hpp"

#include <cstring>

void moco::check_image_size(const char *function, std::int32_t width, std::int32_t height)
{
    const std::int64_t pixels = static_cast<std::int64_t>(width) * height;
    if (width < 1 || height < 1 || pixels > max_image_pixels) {
        throw Error(MOCO_EINVALID, std::string(function) + ": size " + std::to_string(width) + " x " +
                                       std::to_string(height) + " is outside 1 to " + std::to_string(max_image_pixels) +
                                       " pixels");
    }
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

void moco_image_clear(moco_image *image)
{
    if (image != nullptr) {
        image->give_rgb(0, 0);
    }
}

void moco_image_set_lazy(moco_image *image, bool lazy)
{
    if (image != nullptr) {
        image->lazy = lazy;
    }
}

moco_status moco_image_load(const moco_image *image, moco_box box, int32_t reduction)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    moco::check_box(__func__, *image, box);
    if (image->is_bands()) {
        return MOCO_OK;
    }
    if (image->fast) {
        (void)image->ycc(box, reduction);
    } else {
        image->load(box);
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
        return image == nullptr || image->width < 1 || image->is_bands() ? nullptr : image->rgb();
    } catch (const std::exception &) {
        return nullptr;
    }
}

namespace {

// Sets bands of height x width x channels bytes, as many as the image wants.
void set_bands(moco_image &image, std::int32_t width, std::int32_t height, std::int32_t channels,
               const std::uint8_t *pixels)
{
    moco::Bands &made = image.bands_room();
    const auto step = static_cast<std::size_t>(channels);
    made.shape(width, height, channels, moco::Depth::bytes);
    for (std::size_t c = 0; c < step; ++c) {
        moco::to_floats(made.plane(c), pixels + c, made.area(), step, { moco::Sample::u8, 1, false });
    }
    moco::fit_bands(made, image.wanted, /*has_alpha=*/false, "moco_image_set");
    image.give_bands();
}

} // namespace

moco_status moco_image_set(moco_image *image, int32_t width, int32_t height, int32_t channels, const uint8_t *pixels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(pixels);
    moco::check_image_size(__func__, width, height);
    if (channels != 1 && channels != 3) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_set: " + std::to_string(channels) + " channels; give 1 (grey) or 3 (RGB)");
    }
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    if (image->wanted != 3) {
        set_bands(*image, width, height, channels, pixels);
        return MOCO_OK;
    }
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
    moco::check_image_size(__func__, width, height);
    image->expect_rgb(__func__);
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::memcpy(image->room(count * 3), planes, count * 3);
    image->give_planes(width, height);
    image->settle();
    MOCO_API_END
}

moco_status moco_image_fill(moco_image *image, int32_t width, int32_t height, uint32_t colour)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    moco::check_image_size(__func__, width, height);
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

void moco_image_set_fast(moco_image *image, bool fast)
{
    if (image != nullptr) {
        image->fast = fast;
    }
}
