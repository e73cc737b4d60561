// The image handle, its buffers, and what the image files share.
#pragma once

#include "base/buffer.hpp"
#include "base/guard.hpp"
#include "base/live.hpp"
#include "image/image_part.hpp"
#include "image/ycc.hpp"

#include "moco/image.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace moco {

using Bytes = Buffer<std::uint8_t>;

// PIL refuses larger files as decompression bombs.
constexpr std::int64_t max_image_pixels = 178956970;

// A decoded picture before it becomes the image's: what fails half-way leaves the image as it was.
struct Pixels {
    std::int32_t width = 0;
    std::int32_t height = 0;
    Bytes &bytes; // height x width x 3

    // Sets the size, checked; @p name is what messages call the file.
    void set_size(std::int64_t new_width, std::int64_t new_height, const char *name);
    // Makes room for the whole of it, too.
    std::uint8_t *resize(std::int64_t new_width, std::int64_t new_height, const char *name);
};

// The decoders; each throws moco::Error (MOCO_EFORMAT) with the file's name.
void decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_bmp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_webp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes a part at least, or all where the part is empty, and returns what it decoded.
Part decode_jpeg(Pixels &out, Part part, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes the rows of a part at least to planes, of which each pixel stands for @p reduction x @p reduction (1, 2, 4 or
// 8), and returns the part. Files that are not in luma and chroma it leaves alone: the part is empty.
Part decode_jpeg_planes(Pixels &out, Ycc &ycc, Part part, int reduction, const std::uint8_t *bytes, std::size_t count,
                        const char *name);
// Reads the header alone.
void read_jpeg_size(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);

[[noreturn]] void bad_file(const char *name, const std::string &what);

// Pillow's Gaussian blur of so many planes, one after the other in memory.
void blur_planes(std::uint8_t *first, std::size_t count, std::size_t width, std::size_t height, double sigma);

// Three planes of an image, one after the other in memory.
struct Planes {
    std::uint8_t *plane[3];

    Planes(std::uint8_t *first, std::size_t area) : plane{ first, first + area, first + 2 * area } {}
};

} // namespace moco

// The pixels stand interleaved, as decoders give and applications take them, or as three planes, which is what the
// operations are fast on. A JPEG file may wait to be decoded, as a whole or in part, until its pixels are needed.
// Reading the pixels may change all this, also of an image that is const to the caller. An image that computes fast
// holds luma and chroma as soon as an operation has worked on it.
struct moco_image : moco::Counted {
    std::int32_t width = 0;
    std::int32_t height = 0;
    bool lazy = false;
    bool fast = false;

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

    // Sees to it that a part's pixels are there, interleaved.
    void load(const moco::Part &part) const;
    // Where pixel (@p top, @p left) of a part that was loaded stands, and the bytes from row to row.
    const std::uint8_t *loaded(std::int32_t top, std::int32_t left) const noexcept;
    [[nodiscard]] std::size_t loaded_stride() const noexcept { return static_cast<std::size_t>(part_.width) * 3; }

    // Luma and chroma of a part at least, of which each sample stands for @p most_reduced x @p most_reduced pixels at
    // most.
    const moco::Ycc &ycc(const moco::Part &part, std::int32_t most_reduced) const;
    // The standard form of the whole picture, to be changed; NULL where the image is exact, or empty.
    moco::Ycc *fast_form() const;
    // Takes a picture that was made in room().
    void give_ycc(std::int32_t new_width, std::int32_t new_height, const moco::Ycc &ycc) noexcept;

    // Room for a new picture, interleaved or in planes, which give_rgb() or give_planes() makes the image's.
    std::uint8_t *room(std::size_t bytes) { return spare_.grow(bytes); }
    moco::Bytes &spare() noexcept { return spare_; }
    void give_rgb(std::int32_t new_width, std::int32_t new_height) noexcept;
    void give_planes(std::int32_t new_width, std::int32_t new_height) noexcept;
    // Takes a file that is to be decoded when needed.
    void give_file(std::int32_t new_width, std::int32_t new_height, moco::Bytes &file, std::size_t size,
                   const char *name);

  private:
    mutable moco::Bytes pixels_;
    mutable moco::Bytes spare_;
    mutable moco::Part part_; // of which pixels_ are
    mutable bool planar_ = false;
    mutable bool mirrored_ = false; // of planes alone
    mutable moco::Ycc ycc_;
    mutable bool in_ycc_ = false; // pixels_ are ycc_'s
    mutable int reduction_ = 1;   // of ycc_
    moco::Bytes file_;
    std::size_t file_size_ = 0;
    std::string name_; // of the file

    void hold_rgb(std::int32_t new_width, std::int32_t new_height) noexcept;
    void leave_ycc() const;
    bool decode_ycc(const moco::Part &part, int reduction) const;
    void convert_to_ycc() const;
};

namespace moco {

// Refuses a box that does not lie within an image.
void check_box(const char *function, const moco_image &source, const Part &box);

} // namespace moco
