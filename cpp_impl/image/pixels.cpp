// Holds the pixels that a decoder makes, before an image takes them.
#include "image/pixels.hpp"

void moco::bad_file(const char *name, const std::string &what)
{
    throw Error(MOCO_EFORMAT, std::string(name) + ": " + what);
}

void moco::Pixels::set_size(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    if (new_width < 1 || new_height < 1 || new_width > max_image_pixels / new_height) {
        bad_file(name, "the image has " + std::to_string(new_width) + " x " + std::to_string(new_height) +
                           " pixels; the limit is 1 to " + std::to_string(max_image_pixels));
    }
    width = static_cast<std::int32_t>(new_width);
    height = static_cast<std::int32_t>(new_height);
}

std::uint8_t *moco::Pixels::resize(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    set_size(new_width, new_height, name);
    return bytes.grow(static_cast<std::size_t>(new_width * new_height) * 3);
}
