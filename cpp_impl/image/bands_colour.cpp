// Changes the brightness, contrast and colours of bands.
//
// Three bands are R, G and B, and change as torchvision changes them. Bands of another number have no colours: grey is
// their mean, and contrast is that of each band for itself. Only values that have a range are cut to it.
#include "image/bands.hpp"

#include <algorithm>
#include <cmath>

namespace {

using moco::Bands;

float cut(float value, const Bands &bands) noexcept
{
    return bands.has_range() ? std::clamp(value, 0.0F, 1.0F) : value;
}

// Moves values away from a mean, or towards it.
void blend(float *plane, std::size_t count, float mean, float factor, const Bands &bands) noexcept
{
    for (std::size_t i = 0; i < count; ++i) {
        plane[i] = cut(mean + factor * (plane[i] - mean), bands);
    }
}

float mean_of(const float *plane, std::size_t count) noexcept
{
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        sum += plane[i];
    }
    return static_cast<float>(sum / static_cast<double>(count));
}

// Returns the grey of a pixel.
float grey_of(const Bands &bands, std::size_t pixel) noexcept
{
    const float *at = bands.values.data() + pixel;
    const std::size_t area = bands.area();
    if (bands.count == 3) {
        return 0.2989F * at[0] + 0.587F * at[area] + 0.114F * at[2 * area];
    }
    float sum = 0;
    for (std::size_t c = 0; c < static_cast<std::size_t>(bands.count); ++c) {
        sum += at[c * area];
    }
    return sum / static_cast<float>(bands.count);
}

// Turns the hue of a pixel by a part of the circle. Lightness and chroma stay, so values need no range.
void turn(float *r, float *g, float *b, float part) noexcept
{
    const float high = std::max({ *r, *g, *b });
    const float low = std::min({ *r, *g, *b });
    const float chroma = high - low;
    if (!(chroma > 0)) {
        return;
    }
    float hue = high == *r ? (*g - *b) / chroma : high == *g ? 2 + (*b - *r) / chroma : 4 + (*r - *g) / chroma;
    hue = hue / 6 + part;
    hue = (hue - std::floor(hue)) * 6;
    const auto component = [&](float shift) {
        const float at = std::fmod(hue + shift, 6.0F);
        return low + chroma * std::clamp(std::fabs(at - 3) - 1, 0.0F, 1.0F);
    };
    *r = component(0);
    *g = component(4);
    *b = component(2);
}

} // namespace

void moco::bands_brightness(Bands &bands, double factor)
{
    blend(bands.values.data(), bands.size(), 0, static_cast<float>(factor), bands);
}

void moco::bands_contrast(Bands &bands, double factor)
{
    const std::size_t area = bands.area();
    float mean = 0;
    if (bands.count == 3) {
        mean = 0.2989F * mean_of(bands.plane(0), area) + 0.587F * mean_of(bands.plane(1), area) +
               0.114F * mean_of(bands.plane(2), area);
    }
    for (std::size_t c = 0; c < static_cast<std::size_t>(bands.count); ++c) {
        blend(bands.plane(c), area, bands.count == 3 ? mean : mean_of(bands.plane(c), area), static_cast<float>(factor),
              bands);
    }
}

void moco::bands_saturation(Bands &bands, double factor)
{
    for (std::size_t i = 0; bands.count == 3 && i < bands.area(); ++i) {
        const float grey = grey_of(bands, i);
        for (std::size_t c = 0; c < 3; ++c) {
            blend(bands.plane(c) + i, 1, grey, static_cast<float>(factor), bands);
        }
    }
}

void moco::bands_hue(Bands &bands, double factor)
{
    for (std::size_t i = 0; bands.count == 3 && i < bands.area(); ++i) {
        turn(bands.plane(0) + i, bands.plane(1) + i, bands.plane(2) + i, static_cast<float>(factor));
    }
}

void moco::bands_grey(Bands &bands)
{
    for (std::size_t i = 0; i < bands.area(); ++i) {
        const float grey = grey_of(bands, i);
        for (std::size_t c = 0; c < static_cast<std::size_t>(bands.count); ++c) {
            bands.plane(c)[i] = grey;
        }
    }
}
