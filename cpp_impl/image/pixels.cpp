// Holds the pixels that a decoder makes, before an image takes them.
#include "image/pixels.hpp"

#include <cerrno>

void moco::bad_file(const char *name, const std::string &what)
{
    if (errno == ENOMEM) {
        throw std::bad_alloc();
    }
    throw Error(MOCO_EFORMAT, std::string(name) + ": " + what);
}

void moco::check_picture(std::int64_t width, std::int64_t height, const char *name)
{
    if (width < 1 || height < 1 || width > max_image_pixels / height) {
        throw Error(MOCO_EFORMAT, std::string(name) + ": the image has " + std::to_string(width) + " x " +
                                      std::to_string(height) + " pixels; the limit is 1 to " +
                                      std::to_string(max_image_pixels));
    }
}

void moco::Pixels::set_size(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    check_picture(new_width, new_height, name);
    width = static_cast<std::int32_t>(new_width);
    height = static_cast<std::int32_t>(new_height);
}

std::uint8_t *moco::Pixels::resize(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    set_size(new_width, new_height, name);
    return bytes.grow(static_cast<std::size_t>(new_width * new_height) * 3);
}
