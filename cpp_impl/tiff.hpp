// What the two halves of the TIFF decoder share: the picture's layout and its decompressed segments.
#pragma once

#include "image.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moco {

// The tags of a TIFF file that matter here, with the values that the format gives where they are missing.
struct TiffLayout {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t bits = 1;
    std::uint32_t compression = 1;
    std::uint32_t photometric = UINT32_MAX;
    std::uint32_t fill_order = 1;
    std::uint32_t orientation = 1;
    std::uint32_t samples = 1;
    std::uint32_t rows_per_strip = UINT32_MAX;
    std::uint32_t planar = 1;
    std::uint32_t predictor = 1;
    std::uint32_t tile_width = 0; // 0: strips
    std::uint32_t tile_height = 0;
    std::uint32_t sample_format = 1;
    std::vector<std::uint32_t> extra_samples;
    std::vector<std::uint32_t> colours; // all reds, all greens, all blues, in 16 bits
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> counts;
    bool big_endian = false;
};

constexpr std::uint32_t tiff_none = 1;
constexpr std::uint32_t tiff_lzw = 5;
constexpr std::uint32_t tiff_deflate = 8;
constexpr std::uint32_t tiff_packbits = 32773;
constexpr std::uint32_t tiff_deflate_old = 32946;

// Decompresses one strip or tile to exactly @p expected bytes; false where the data are damaged or too few.
bool tiff_decompress(std::uint8_t *to, std::size_t expected, const std::uint8_t *from, std::size_t count,
                     std::uint32_t compression);

} // namespace moco
