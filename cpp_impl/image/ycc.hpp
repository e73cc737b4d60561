// Defines pictures in luma and chroma, as JPEG files hold them, for fast augmentation.
//
// Brightness, contrast, saturation and hue multiply and add, so they are only recorded, as one linear map. Storing the
// values applies the map, and cuts values to their range once.
#pragma once

#include "moco/image.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace moco {

// One channel of a part of a picture, with across samples per pixel from left to right, and down samples from top to
// bottom.
struct Plane {
    std::uint8_t *data = nullptr; // the sample at (left, top)
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
    bool grey = false;     // chroma is 128 everywhere, and has no planes
    bool standard = false; // the complete picture without padding: luma for every pixel, chroma too or halved
    bool halved = false;   // in the standard form, chroma has (width + 1) / 2 x (height + 1) / 2 samples

    // The recorded changes: the matrix multiplies (luma, blue - 128, red - 128), then luma gets the offset.
    float matrix[3][3] = { { 1.0F, 0.0F, 0.0F }, { 0.0F, 1.0F, 0.0F }, { 0.0F, 0.0F, 1.0F } };
    float offset = 0.0F;
    bool mirrored = false;

    // Copies the recorded changes of another picture.
    void note(const Ycc &other) noexcept
    {
        std::copy_n(&other.matrix[0][0], 9, &matrix[0][0]);
        offset = other.offset;
        mirrored = other.mirrored;
    }
    // Whether the planes of chroma no longer matter.
    [[nodiscard]] bool colourless() const noexcept
    {
        return grey ||
               std::all_of(&matrix[0], &matrix[3], [](const float *row) { return row[1] == 0.0F && row[2] == 0.0F; });
    }
};

// Returns the bytes of the standard form.
std::size_t ycc_size(std::int32_t width, std::int32_t height, bool grey, bool halved) noexcept;
// Lays out the standard form in memory of that size.
Ycc ycc_layout(std::uint8_t *bytes, std::int32_t width, std::int32_t height, bool grey, bool halved) noexcept;

// Resizes a box, in pixels of the picture, to the standard form.
void ycc_resize(const Ycc &out, const Ycc &in, const moco_box &box, std::int32_t out_height, std::int32_t out_width);
// Whether chroma of a resized picture gets half the resolution.
bool ycc_halves(const Ycc &in) noexcept;

// The changes below need the standard form.
void ycc_blur(Ycc &ycc, double sigma);
void ycc_brightness(Ycc &ycc, double factor) noexcept;
void ycc_contrast(Ycc &ycc, double factor);
void ycc_saturation(Ycc &ycc, double factor) noexcept;
void ycc_hue(Ycc &ycc, double factor) noexcept;
void ycc_grey(Ycc &ycc) noexcept;

// Stores the standard form as normalised values; see moco_image_store().
void ycc_store(void *values, bool bf16, const Ycc &ycc, const double mean[3], const double std[3], moco_layout layout);
// Converts to RGB bytes, rounded.
void ycc_to_rgb(std::uint8_t *rgb, const Ycc &ycc);

} // namespace moco
