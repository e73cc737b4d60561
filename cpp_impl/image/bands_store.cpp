// Gives bands back: as normalised values, and as pictures for people.
#include "image/bands.hpp"
#include "image/image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

using moco::Bands;

// Rounds to nearest, ties to even, as the pixel kernels do.
void put(std::uint16_t *to, float value) noexcept
{
    std::uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    *to = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

void put(float *to, float value) noexcept
{
    *to = value;
}

template <typename T>
void store(T *values, const Bands &bands, const double *mean, const double *std, bool interleaved) noexcept
{
    const auto count = static_cast<std::size_t>(bands.count);
    for (std::size_t c = 0; c < count; ++c) {
        const float *from = bands.plane(c);
        const auto centre = static_cast<float>(mean[c]);
        const auto width = static_cast<float>(std[c]);
        T *to = interleaved ? values + c : values + c * bands.area();
        for (std::size_t i = 0; i < bands.area(); ++i) {
            put(to + i * (interleaved ? count : 1), (from[i] - centre) / width);
        }
    }
}

// The values that are shown as black and as white.
struct Tones {
    float black = 0;
    float white = 1;
};

// Finds tones between which all but the extreme hundredths of a band lie.
Tones tones_of(const Bands &bands, std::size_t band)
{
    thread_local std::vector<float> sorted;
    Tones tones;
    if (bands.depth == moco::Depth::bytes) {
        return tones;
    }
    sorted.assign(bands.plane(band), bands.plane(band) + bands.area());
    const auto edge = static_cast<std::ptrdiff_t>(bands.area() / 100);
    std::nth_element(sorted.begin(), sorted.begin() + edge, sorted.end());
    tones.black = sorted[static_cast<std::size_t>(edge)];
    std::nth_element(sorted.begin(), sorted.end() - 1 - edge, sorted.end());
    tones.white = sorted[sorted.size() - 1 - static_cast<std::size_t>(edge)];
    return tones;
}

std::uint8_t tone(float value, const Tones &tones) noexcept
{
    const float range = tones.white - tones.black;
    const float at = range > 0 ? (value - tones.black) / range : 0.5F;
    return static_cast<std::uint8_t>(std::lrint(255 * std::clamp(at, 0.0F, 1.0F)));
}

} // namespace

void moco::bands_store(void *values, bool bf16, const Bands &bands, const double *mean, const double *std,
                       bool interleaved)
{
    if (bf16) {
        store(static_cast<std::uint16_t *>(values), bands, mean, std, interleaved);
    } else {
        store(static_cast<float *>(values), bands, mean, std, interleaved);
    }
}

moco_status moco_image_show(moco_image *image, const moco_image *source, const moco_image *tones)
{
    MOCO_API_BEGIN
    moco::check_not_empty(__func__, source);
    if (image == nullptr || image == source || image == tones) {
        throw moco::Error(MOCO_EINVALID, "moco_image_show: image must be another one than source and tones");
    }
    const auto area = source->area();
    std::uint8_t *to = image->room(3 * area);
    if (!source->is_bands()) {
        std::memcpy(to, source->rgb(), 3 * area);
        image->give_rgb(source->width, source->height);
        return MOCO_OK;
    }
    const Bands &bands = source->bands();
    const bool same = tones != nullptr && tones->is_bands() && tones->bands().count == bands.count;
    for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t band = bands.count < 3 ? 0 : c;
        const Tones shown = tones_of(same ? tones->bands() : bands, band);
        for (std::size_t i = 0; i < area; ++i) {
            to[3 * i + c] = tone(bands.plane(band)[i], shown);
        }
    }
    image->give_rgb(source->width, source->height);
    MOCO_API_END
}
