// Pictures in luma and chroma, which fast augmentation works on: the form that JPEG files hold.
//
// Brightness, contrast, saturation and hue multiply and add, so they are only noted, as one linear map, and done when
// the values are stored; values are cut to their range there, once.
#pragma once

#include "image/image_part.hpp"

#include "moco/image.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace moco {

// One channel of a part of a picture. The picture has @p across samples a pixel from left to right, and @p down.
struct Plane {
    std::uint8_t *data = nullptr; // of sample (left, top)
    std::size_t stride = 0;
    std::int32_t top = 0;
    std::int32_t left = 0;
    std::int32_t height = 0;
    std::int32_t width = 0;
    double across = 1.0;
    double down = 1.0;
};

struct Ycc {
    Plane plane[3];        // luma, blue, red
    bool grey = false;     // chroma is 128 all over, and its planes are not there
    bool standard = false; // the whole picture, luma of every pixel without padding, chroma as well or halved
    bool halved = false;   // of the standard form: chroma has (width + 1) / 2 x (height + 1) / 2 samples

    // What is noted: (luma, blue - 128, red - 128) are multiplied by the matrix, and luma gets the offset.
    float matrix[3][3] = { { 1.0F, 0.0F, 0.0F }, { 0.0F, 1.0F, 0.0F }, { 0.0F, 0.0F, 1.0F } };
    float offset = 0.0F;
    bool mirrored = false;

    // Takes over what is noted of another picture.
    void note(const Ycc &other) noexcept
    {
        std::copy_n(&other.matrix[0][0], 9, &matrix[0][0]);
        offset = other.offset;
        mirrored = other.mirrored;
    }
    // Whether the planes of chroma make no difference any more.
    [[nodiscard]] bool colourless() const noexcept
    {
        return grey ||
               std::all_of(&matrix[0], &matrix[3], [](const float *row) { return row[1] == 0.0F && row[2] == 0.0F; });
    }
};

// How many bytes the standard form takes.
std::size_t ycc_size(std::int32_t width, std::int32_t height, bool grey, bool halved) noexcept;
// Lays out the standard form in so many bytes.
Ycc ycc_layout(std::uint8_t *bytes, std::int32_t width, std::int32_t height, bool grey, bool halved) noexcept;

// Resizes a box, in pixels of the picture, to the standard form.
void ycc_resize(const Ycc &out, const Ycc &in, const Part &box, std::int32_t out_height, std::int32_t out_width);
// Whether chroma of a resized picture is to have half the resolution.
bool ycc_halves(const Ycc &in) noexcept;

// Of the standard form.
void ycc_blur(Ycc &ycc, double sigma);
void ycc_brightness(Ycc &ycc, double factor) noexcept;
void ycc_contrast(Ycc &ycc, double factor);
void ycc_saturation(Ycc &ycc, double factor) noexcept;
void ycc_hue(Ycc &ycc, double factor) noexcept;
void ycc_grey(Ycc &ycc) noexcept;

// Stores the standard form as normalised values, as moco_image_store() does.
void ycc_store(void *values, bool bf16, const Ycc &ycc, const double mean[3], const double std[3], moco_layout layout);
// To RGB bytes, rounded.
void ycc_to_rgb(std::uint8_t *rgb, const Ycc &ycc);

} // namespace moco
