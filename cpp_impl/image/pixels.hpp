// Holds the pixels that a decoder makes, before an image takes them.
#pragma once

#include "base/buffer.hpp"
#include "base/guard.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace moco {

using Bytes = Buffer<std::uint8_t>;

// The largest image, in pixels. Pillow refuses larger files as decompression bombs.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION // larger images cost a fuzzer time, and show nothing new
constexpr std::int64_t max_image_pixels = 1 << 16;
#else
constexpr std::int64_t max_image_pixels = 178956970;
#endif

// Throws MOCO_EFORMAT if a file's picture has no pixels, or too many.
void check_picture(std::int64_t width, std::int64_t height, const char *name);

// A decoded picture. It becomes the image's when it is complete, so a decoder that fails leaves the image unchanged.
struct Pixels {
    std::int32_t width = 0;
    std::int32_t height = 0;
    Bytes &bytes; // height x width x 3

    // Checks and sets the size; @p name is the file's, for messages.
    void set_size(std::int64_t new_width, std::int64_t new_height, const char *name);
    // Sets the size, makes room for all pixels, and returns it.
    std::uint8_t *resize(std::int64_t new_width, std::int64_t new_height, const char *name);
};

// Three planes of a picture, one after the other in memory.
struct Planes {
    std::uint8_t *plane[3];

    Planes(std::uint8_t *first, std::size_t area) : plane{ first, first + area, first + 2 * area } {}
};

// Throws MOCO_EFORMAT: "NAME: what". Where errno, which decoders set to 0 first, is ENOMEM, throws std::bad_alloc: most
// libraries call a file damaged when malloc() fails.
[[noreturn]] void bad_file(const char *name, const std::string &what);

} // namespace moco
