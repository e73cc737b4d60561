// Reads the tags of a TIFF file, and refuses the variants that the decoder does not know.
#pragma once

#include <tiffio.h>

#include <cstdint>

namespace moco {

// The tags that matter to the decoder.
struct TiffLayout {
    std::uint32_t width = 0, height = 0;
    std::uint16_t bits = 1, compression = COMPRESSION_NONE, photometric = UINT16_MAX, samples = 1, planar = 1;
    std::uint16_t orientation = ORIENTATION_TOPLEFT, sample_format = SAMPLEFORMAT_UINT;
    std::uint16_t extras = 0, extra = EXTRASAMPLE_UNSPECIFIED;
    const std::uint16_t *colours[3] = { nullptr, nullptr, nullptr }; // 2^bits reds, greens and blues
};

// Reads the tags of the current page.
TiffLayout read_tiff_tags(TIFF *tiff);
// Whether the installed libtiff unpacks a page, and its samples are numbers of 8, 16, 32 or 64 bits without a palette.
bool holds_bands(const TiffLayout &layout);
// Has libtiff convert the colours of JPEG in TIFF to RGB. Returns false for a variant that Pillow does not read, but
// that holds bands. Throws MOCO_EFORMAT for any other, and names the tag that makes it one.
bool read_tiff_layout(TiffLayout &out, TIFF *tiff, const char *name);

} // namespace moco
