// The image handle: making, setting, reading back, and normalising.
#include "image.hpp"

#include <array>
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

// The value of each byte of a channel, in torchvision's order of float32 operations.
using Table = std::array<float, 256>;

Table normalize_table(double mean, double std)
{
    const auto mean32 = static_cast<float>(mean);
    const auto std32 = static_cast<float>(std);
    Table table;
    for (std::size_t byte = 0; byte < table.size(); ++byte) {
        table[byte] = (static_cast<float>(byte) / 255.0F - mean32) / std32;
    }
    return table;
}

} // namespace

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
    return image == nullptr ? nullptr : image->pixels.data();
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
    std::uint8_t *to = image->spare.grow(count * 3);
    if (channels == 3) {
        std::memcpy(to, pixels, count * 3);
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = pixels[i];
        }
    }
    image->take_spare(width, height);
    MOCO_API_END
}

moco_status moco_image_set_planar(moco_image *image, int32_t width, int32_t height, const uint8_t *planes)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(planes);
    check_size(__func__, width, height);
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::uint8_t *to = image->spare.grow(count * 3);
    for (std::size_t i = 0; i < count; ++i) {
        to[3 * i] = planes[i];
        to[3 * i + 1] = planes[count + i];
        to[3 * i + 2] = planes[2 * count + i];
    }
    image->take_spare(width, height);
    MOCO_API_END
}

moco_status moco_image_fill(moco_image *image, int32_t width, int32_t height, uint32_t colour)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_size(__func__, width, height);
    const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::uint8_t *to = image->spare.grow(count * 3);
    for (std::size_t i = 0; i < count; ++i) {
        to[3 * i] = static_cast<std::uint8_t>(colour >> 16U);
        to[3 * i + 1] = static_cast<std::uint8_t>(colour >> 8U);
        to[3 * i + 2] = static_cast<std::uint8_t>(colour);
    }
    image->take_spare(width, height);
    MOCO_API_END
}

moco_status moco_image_normalize(float *values, const moco_image *image, const double mean[3], const double std[3],
                                 moco_layout layout)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(mean);
    MOCO_CHECK_ARG(std);
    Table tables[3];
    for (int c = 0; c < 3; ++c) {
        if (!std::isfinite(mean[c]) || !std::isfinite(std[c]) || static_cast<float>(std[c]) == 0.0F) {
            throw moco::Error(MOCO_EINVALID, "moco_image_normalize: mean " + std::to_string(mean[c]) + ", std " +
                                                 std::to_string(std[c]) +
                                                 "; give finite values and a std other than 0");
        }
        tables[c] = normalize_table(mean[c], std[c]);
    }
    const std::uint8_t *from = image->pixels.data();
    const std::size_t count = image->count() / 3;
    if (layout == MOCO_NHWC) {
        for (std::size_t i = 0; i < 3 * count; i += 3) {
            values[i] = tables[0][from[i]];
            values[i + 1] = tables[1][from[i + 1]];
            values[i + 2] = tables[2][from[i + 2]];
        }
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = tables[0][from[3 * i]];
            values[count + i] = tables[1][from[3 * i + 1]];
            values[2 * count + i] = tables[2][from[3 * i + 2]];
        }
    }
    MOCO_API_END
}
