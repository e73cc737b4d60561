// Pastes images into others.
#include "image/image.hpp"

#include <algorithm>
#include <cstring>

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
    const auto end_of = [zoom](std::int32_t start, std::int32_t size, std::int32_t limit) {
        return static_cast<std::int32_t>(
            std::min(std::int64_t{ start } + std::int64_t{ size } * zoom, std::int64_t{ limit }));
    };
    const std::int32_t bottom = end_of(y, source->height, image->height);
    const std::int32_t right = end_of(x, source->width, image->width);
    for (std::int32_t to_y = std::max(y, 0); to_y < bottom; ++to_y) {
        const std::uint8_t *from = source->row(static_cast<std::int32_t>((std::int64_t{ to_y } - y) / zoom));
        std::uint8_t *to = image->row(to_y);
        for (std::int32_t to_x = std::max(x, 0); to_x < right; ++to_x) {
            std::memcpy(to + static_cast<std::size_t>(to_x) * 3,
                        from + static_cast<std::size_t>((std::int64_t{ to_x } - x) / zoom) * 3, 3);
        }
    }
    MOCO_API_END
}
