// The image handle, its buffers, and what the image files share.
#pragma once

#include "guard.hpp"
#include "live.hpp"

#include "moco/image.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace moco {

// Memory that only grows, and is not cleared: the contents are undefined after grow().
template <typename T> class Buffer {
  public:
    T *grow(std::size_t count)
    {
        if (count > capacity_) {
            data_.reset();
            capacity_ = 0;
            data_.reset(new T[count]);
            capacity_ = count;
        }
        return data_.get();
    }
    [[nodiscard]] T *data() noexcept { return data_.get(); }
    [[nodiscard]] const T *data() const noexcept { return data_.get(); }
    void swap(Buffer &other) noexcept
    {
        data_.swap(other.data_);
        std::swap(capacity_, other.capacity_);
    }

  private:
    std::unique_ptr<T[]> data_;
    std::size_t capacity_ = 0;
};

using Bytes = Buffer<std::uint8_t>;

// PIL refuses larger files as decompression bombs.
constexpr std::int64_t max_image_pixels = 178956970;

// A decoded picture before it becomes the image's: what fails half-way leaves the image as it was.
struct Pixels {
    std::int32_t width = 0;
    std::int32_t height = 0;
    Bytes &bytes; // height x width x 3

    // Sets the size, checked; @p name is what messages call the file.
    std::uint8_t *resize(std::int64_t new_width, std::int64_t new_height, const char *name);
};

// The decoders; each throws moco::Error (MOCO_EFORMAT) with the file's name.
void decode_jpeg(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_bmp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_webp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);

[[noreturn]] void bad_file(const char *name, const std::string &what);

// ITU-R 601 luma in Pillow's 16-bit fixed point.
inline std::uint8_t luma(const std::uint8_t *rgb) noexcept
{
    return static_cast<std::uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16U);
}

} // namespace moco

struct moco_image : moco::Counted {
    std::int32_t width = 0;
    std::int32_t height = 0;
    moco::Bytes pixels; // height x width x 3
    moco::Bytes spare;  // where an operation that cannot run in place writes

    [[nodiscard]] std::size_t count() const noexcept
    {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
    }
    [[nodiscard]] const std::uint8_t *row(std::int32_t y) const noexcept
    {
        return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
    }
    [[nodiscard]] std::uint8_t *row(std::int32_t y) noexcept
    {
        return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
    }
    // Makes what spare holds the pixels.
    void take_spare(std::int32_t new_width, std::int32_t new_height) noexcept
    {
        pixels.swap(spare);
        width = new_width;
        height = new_height;
    }
};
