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

// Three planes of an image, one after the other in memory.
struct Planes {
    std::uint8_t *plane[3];

    Planes(std::uint8_t *first, std::size_t area) : plane{ first, first + area, first + 2 * area } {}
};

} // namespace moco

// The pixels stand interleaved, as decoders give and applications take them, or as three planes, which is what the
// operations are fast on. Reading may change the form, also of an image that is const to the caller.
struct moco_image : moco::Counted {
    std::int32_t width = 0;
    std::int32_t height = 0;

    [[nodiscard]] std::size_t area() const noexcept
    {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    }
    [[nodiscard]] std::size_t count() const noexcept { return area() * 3; }

    // The pixels interleaved, height x width x 3; NULL while the image is empty.
    std::uint8_t *rgb() const;
    // Row @p y of them.
    std::uint8_t *row(std::int32_t y) const
    {
        return rgb() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
    }
    // The pixels as planes of height x width, upright.
    moco::Planes planes() const;
    // The planes as they stand, which may be mirrored: for operations that do not care.
    moco::Planes planes_either_way() const;
    [[nodiscard]] bool mirrored() const noexcept { return mirrored_; }
    void mirror();

    // Room for a new picture, interleaved or in planes, which give_rgb() or give_planes() makes the image's.
    std::uint8_t *room(std::size_t bytes) { return spare_.grow(bytes); }
    moco::Bytes &spare() noexcept { return spare_; }
    void give_rgb(std::int32_t new_width, std::int32_t new_height) noexcept;
    void give_planes(std::int32_t new_width, std::int32_t new_height) noexcept;

  private:
    mutable moco::Bytes pixels_;
    mutable moco::Bytes spare_;
    mutable bool planar_ = false;
    mutable bool mirrored_ = false; // of planes alone
};
