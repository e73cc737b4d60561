// Makes images, and gives their sizes and pixels.
#include "image/image.hpp"

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
