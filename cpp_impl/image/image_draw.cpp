// Pastes images into others.
#include "image/image.hpp"

#include <algorithm>

void moco::check_not_empty(const char *function, const moco_image *image)
{
    if (image == nullptr || image->width == 0) {
        throw Error(MOCO_EINVALID,
                    std::string(function) + ": the image is NULL or empty; decode, set or fill it first");
    }
}

moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y, int32_t zoom)
{
    MOCO_API_BEGIN
    moco::check_not_empty(__func__, image);
    moco::check_not_empty(__func__, source);
    if (zoom < 1 || image == source) {
        throw moco::Error(MOCO_EINVALID, "moco_image_paste: zoom " + std::to_string(zoom) +
                                             "; give at least 1, and two different images");
    }
    if (moco_image_channels(image) != moco_image_channels(source) || image->is_bands() != source->is_bands()) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_paste: the images have " + std::to_string(moco_image_channels(image)) + " and " +
                              std::to_string(moco_image_channels(source)) + " channels; give two of one kind");
    }
    if (image->is_bands()) {
        moco::bands_paste(image->bands(), source->bands(), x, y, zoom);
        return MOCO_OK;
    }
    const std::int64_t width = std::int64_t{ source->width } * zoom;
    const std::int64_t height = std::int64_t{ source->height } * zoom;
    const auto first = [](std::int32_t at) { return std::max(-std::int64_t{ at }, std::int64_t{ 0 }); };
    const std::int64_t right = std::min(width, std::int64_t{ image->width } - x);
    const std::int64_t bottom = std::min(height, std::int64_t{ image->height } - y);
    if (first(x) >= right || first(y) >= bottom) {
        return MOCO_OK; // all of it is outside
    }
    const std::uint8_t *const pixels = source->rgb();
    const auto pitch = std::int64_t{ source->width } * 3;
    for (std::int64_t row = first(y); row < bottom; ++row) {
        std::uint8_t *to = image->row(static_cast<std::int32_t>(y + row)) + (x + first(x)) * 3;
        for (std::int64_t column = first(x); column < right; ++column, to += 3) {
            std::copy_n(pixels + row / zoom * pitch + column / zoom * 3, 3, to);
        }
    }
    MOCO_API_END
}
