// Holds pictures of other channels than 8-bit RGB: planes of floats, one per band.
//
// Unsigned samples of 8 and 16 bits are divided by their maximum; all others are as in the file.
#pragma once

#include "image/pixels.hpp"

#include "moco/image.h"

namespace moco {

using Floats = Buffer<float>;

// The samples of a file.
enum class Depth {
    bytes, // 8 bits
    words, // 16 bits
    reals  // floats, and integers of other sizes: they have no range
};

struct Bands {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int32_t count = 0;
    Depth depth = Depth::reals;
    Floats values; // count x height x width

    [[nodiscard]] std::size_t area() const noexcept
    {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    }
    [[nodiscard]] std::size_t size() const noexcept { return area() * static_cast<std::size_t>(count); }
    [[nodiscard]] float *plane(std::size_t band) noexcept { return values.data() + band * area(); }
    [[nodiscard]] const float *plane(std::size_t band) const noexcept { return values.data() + band * area(); }
    // Whether values stay from 0 to 1.
    [[nodiscard]] bool has_range() const noexcept { return depth != Depth::reals; }

    // Checks and sets the sizes, and makes room; @p name is the file's, for messages.
    void resize(std::int64_t new_width, std::int64_t new_height, std::int64_t new_count, const char *name);
    // Does the same for sizes that are known to be right.
    void shape(std::int32_t new_width, std::int32_t new_height, std::int32_t new_count, Depth new_depth);
    void swap(Bands &other) noexcept;
};

// Numbers of a file. An element is in the machine's byte order, unless it is swapped.
enum class Sample { u8, i8, u16, i16, u32, i32, f16, f32, f64 };

struct SampleType {
    Sample kind;
    std::size_t bytes;
    bool swapped;
};

// Returns how images of a type of samples are scaled.
Depth depth_of(Sample kind) noexcept;
// Converts samples that lie @p step bytes apart.
void to_floats(float *to, const std::uint8_t *from, std::size_t count, std::size_t step, SampleType type) noexcept;

// Makes the bands that are asked for: as many as there are, or grey and RGB of each other as Pillow does, without an
// alpha channel (@p has_alpha: the last band is one). Refuses other numbers, and values that are not finite.
// @p shape describes the file's pixels, for messages; NULL: nothing more to say
void fit_bands(Bands &bands, std::int32_t wanted, bool has_alpha, const char *name, const char *shape = nullptr);
// Throws MOCO_EFORMAT: a file has another number of bands than is asked for.
[[noreturn]] void refuse_band_count(std::int32_t found, std::int32_t wanted, const char *name,
                                    const char *shape = nullptr);
// Makes bands of height x width x 3 bytes.
void bands_from_rgb(Bands &out, const std::uint8_t *rgb, std::int32_t width, std::int32_t height, std::int32_t wanted,
                    const char *name);

// Operations on bands, as those of image.h of the same names.
void bands_resize(Bands &out, const Bands &in, const moco_box &box, std::int32_t height, std::int32_t width);
void bands_crop(Bands &out, const Bands &in, const moco_box &box);
void bands_paste(Bands &to, const Bands &from, std::int32_t x, std::int32_t y, std::int32_t zoom);
void bands_mirror(Bands &bands);
void bands_brightness(Bands &bands, double factor);
void bands_contrast(Bands &bands, double factor);
void bands_saturation(Bands &bands, double factor);
void bands_hue(Bands &bands, double factor);
void bands_grey(Bands &bands);
void bands_blur(Bands &bands, double sigma);
// Normalises into float32 or bfloat16 values, in planes or interleaved.
void bands_store(void *values, bool bf16, const Bands &bands, const double *mean, const double *std, bool interleaved);

} // namespace moco
