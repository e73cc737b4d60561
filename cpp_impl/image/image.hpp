// Defines the image handle: which forms the pixels of an image take, and when they change.
#pragma once

#include "base/guard.hpp"
#include "base/live.hpp"
#include "image/bands.hpp"
#include "image/image_box.hpp"
#include "image/pixels.hpp"
#include "image/ycc.hpp"

#include "moco/image.h"

#include <cstddef>
#include <cstdint>
#include <string>

// The pixels are interleaved, as decoders make them and applications read them, or in three planes, on which operations
// are faster. A JPEG file may stay undecoded, or be decoded in part, until its pixels are needed. Reading the pixels
// may change the form, also of a const image. An image that computes fast holds luma and chroma once an operation has
// run. Pictures of other channels than 8-bit RGB are bands, and nothing else.
struct moco_image : moco::Counted {
    std::int32_t width = 0;
    std::int32_t height = 0;
    bool lazy = false;
    bool fast = false;
    std::int32_t wanted = 3; // channels that files and pixels are converted to

    // Whether the picture is bands. All functions on RGB, luma and chroma below are for other pictures.
    [[nodiscard]] bool is_bands() const noexcept { return in_bands_; }
    [[nodiscard]] moco::Bands &bands() const noexcept { return bands_; }
    // Returns room for a new picture in bands. give_bands() then makes it the picture of the image.
    moco::Bands &bands_room() noexcept { return spare_bands_; }
    void give_bands() noexcept;
    // Refuses RGB pixels if they cannot become the channels that are wanted; @p name is for messages.
    void expect_rgb(const char *name) const;
    // Converts RGB pixels that were given to the channels that are wanted.
    void settle();

    [[nodiscard]] std::size_t area() const noexcept
    {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    }
    [[nodiscard]] std::size_t count() const noexcept { return area() * 3; }

    // Returns the pixels interleaved, height x width x 3; NULL if the image is empty.
    std::uint8_t *rgb() const;
    // Returns row @p y of the interleaved pixels.
    std::uint8_t *row(std::int32_t y) const
    {
        return rgb() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
    }
    // Returns the pixels as planes of height x width, not mirrored.
    moco::Planes planes() const;
    // Returns the planes, which may be mirrored, for operations that work either way.
    moco::Planes planes_either_way() const;
    [[nodiscard]] bool mirrored() const noexcept { return mirrored_; }
    void mirror();

    // Makes the pixels of a part available, interleaved.
    void load(const moco_box &part) const;
    // Returns the address of pixel (@p top, @p left) of a part that was loaded, and the bytes from row to row.
    const std::uint8_t *loaded(std::int32_t top, std::int32_t left) const noexcept;
    [[nodiscard]] std::size_t loaded_stride() const noexcept { return static_cast<std::size_t>(part_.width) * 3; }

    // Returns luma and chroma of at least a part. Each sample stands for at most @p most_reduced x @p most_reduced
    // pixels.
    const moco::Ycc &ycc(const moco_box &part, std::int32_t most_reduced) const;
    // Returns the standard form of the complete picture, to be changed; NULL if the image is exact or empty.
    moco::Ycc *fast_form() const;
    // Takes a picture that was made in room().
    void give_ycc(std::int32_t new_width, std::int32_t new_height, const moco::Ycc &ycc) noexcept;

    // Returns room for a new picture. give_rgb() or give_planes() then makes it the picture of the image.
    std::uint8_t *room(std::size_t bytes) { return spare_.grow(bytes); }
    moco::Bytes &spare() noexcept { return spare_; }
    void give_rgb(std::int32_t new_width, std::int32_t new_height) noexcept;
    void give_planes(std::int32_t new_width, std::int32_t new_height) noexcept;
    // Takes a file, to be decoded when its pixels are needed.
    void give_file(std::int32_t new_width, std::int32_t new_height, moco::Bytes &file, std::size_t size,
                   const char *name);

  private:
    mutable moco::Bytes pixels_;
    mutable moco::Bytes spare_;
    mutable moco_box part_{}; // the part of the picture that pixels_ holds
    mutable bool planar_ = false;
    mutable bool mirrored_ = false; // for planes only
    mutable moco::Ycc ycc_;
    mutable bool in_ycc_ = false; // pixels_ holds the planes of ycc_
    mutable int reduction_ = 1;   // of the planes in ycc_
    mutable moco::Bands bands_;
    moco::Bands spare_bands_;
    bool in_bands_ = false;
    moco::Bytes file_;
    std::size_t file_size_ = 0;
    std::string name_; // the file's name

    void hold_rgb(std::int32_t new_width, std::int32_t new_height) noexcept;
    void leave_ycc() const;
    bool decode_ycc(const moco_box &part, int reduction) const;
    void convert_to_ycc() const;
};

namespace moco {

// Throws MOCO_EINVALID if an image is NULL or has no pixels.
void check_not_empty(const char *function, const moco_image *image);
// Throws MOCO_EINVALID if the picture of an image is bands.
void refuse_bands(const char *function, const moco_image *image);
// Throws MOCO_EINVALID if an image cannot have a size.
void check_image_size(const char *function, std::int32_t width, std::int32_t height);
// Throws MOCO_EINVALID if a box is not within an image.
void check_box(const char *function, const moco_image &source, const moco_box &box);

} // namespace moco
