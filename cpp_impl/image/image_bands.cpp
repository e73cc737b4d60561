// Sets and gives the bands of images.
#include "base/image_internal.h"
#include "image/image.hpp"

#include <algorithm>
#include <cmath>

namespace {

void check_channels(const char *function, std::int32_t channels)
{
    if (channels < 1 || channels > MOCO_MAX_CHANNELS) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": " + std::to_string(channels) +
                                             " channels; give 1 to " + std::to_string(MOCO_MAX_CHANNELS));
    }
}

void check_values(const char *function, std::int32_t width, std::int32_t height, std::int32_t channels)
{
    moco::check_image_size(function, width, height);
    check_channels(function, channels);
    if (std::int64_t{ width } * height * channels > 3 * moco::max_image_pixels) {
        throw moco::Error(MOCO_EINVALID, std::string(function) + ": " + std::to_string(channels) + " bands of " +
                                             std::to_string(width) + " x " + std::to_string(height) +
                                             " pixels are more than " + std::to_string(3 * moco::max_image_pixels) +
                                             " values");
    }
}

} // namespace

void moco::refuse_bands(const char *function, const moco_image *image)
{
    if (image != nullptr && image->is_bands()) {
        throw Error(MOCO_EINVALID, std::string(function) + ": the image has bands (" +
                                       std::to_string(image->bands().count) +
                                       "), not 8-bit RGB; make a picture of them by moco_image_show()");
    }
}

void moco_image_set_channels(moco_image *image, int32_t channels)
{
    if (image != nullptr && channels >= 1 && channels <= MOCO_MAX_CHANNELS) {
        image->wanted = channels;
    }
}

int32_t moco_image_channels(const moco_image *image)
{
    return image == nullptr || image->width == 0 ? 0 : image->is_bands() ? image->bands().count : 3;
}

const float *moco_image_bands(const moco_image *image)
{
    return image == nullptr || !image->is_bands() ? nullptr : image->bands().values.data();
}

moco_status moco_image_set_bands(moco_image *image, int32_t width, int32_t height, int32_t channels,
                                 const float *values)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(values);
    check_values(__func__, width, height, channels);
    const auto count =
        static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(channels);
    if (!std::all_of(values, values + count, [](float value) { return std::isfinite(value); })) {
        throw moco::Error(MOCO_EINVALID, "moco_image_set_bands: a value is not finite; write a number there");
    }
    moco::Bands &made = image->bands_room();
    made.shape(width, height, channels, moco::Depth::reals);
    std::copy_n(values, count, made.values.data());
    image->give_bands();
    MOCO_API_END
}

moco_status moco__image_fill_bands(moco_image *image, int32_t width, int32_t height, int32_t channels, float value)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    check_values(__func__, width, height, channels);
    moco::Bands &made = image->bands_room();
    made.shape(width, height, channels, moco::Depth::reals);
    std::fill_n(made.values.data(), made.size(), value);
    image->give_bands();
    MOCO_API_END
}
