// Reads the tags of a TIFF file, and refuses the variants that the decoder does not know.
#include "image/tiff_layout.hpp"

#include "image/pixels.hpp"

#include <algorithm>
#include <string>

moco::TiffLayout moco::read_tiff_tags(TIFF *tiff)
{
    TiffLayout layout;
    const std::uint16_t *extra = nullptr;
    std::uint16_t *red = nullptr;
    std::uint16_t *green = nullptr;
    std::uint16_t *blue = nullptr;
    (void)TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width);
    (void)TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height);
    (void)TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout.compression);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planar);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.sample_format);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &layout.extras, &extra);
    layout.extra = layout.extras > 0 && extra != nullptr ? extra[0] : layout.extra;
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) == 1) {
        layout.colours[0] = red;
        layout.colours[1] = green;
        layout.colours[2] = blue;
    }
    return layout;
}

namespace {

using moco::TiffLayout;

// Returns whether grey samples of 8, 16 or 32 bits are of a type that Pillow knows. It clips those of more than 8 bits.
bool is_wide_grey(const TiffLayout &layout, bool big_endian)
{
    const bool black = layout.photometric == PHOTOMETRIC_MINISBLACK;
    switch (layout.sample_format) {
    case SAMPLEFORMAT_UINT:
        return layout.bits == 8 || (layout.bits == 16 && (black || !big_endian)) ||
               (layout.bits == 32 && black && !big_endian);
    case SAMPLEFORMAT_INT:
        return black && (layout.bits == 8 || layout.bits == 16 || layout.bits == 32);
    case SAMPLEFORMAT_IEEEFP:
        return layout.bits == 32;
    default:
        return false;
    }
}

// Returns whether the decoder gives the same pixels as Pillow for samples of this kind.
bool is_supported(const TiffLayout &layout, bool big_endian)
{
    const auto bits = layout.bits;
    const bool shallow = bits == 1 || bits == 2 || bits == 4;
    const bool plain = layout.samples == 1 && layout.extras == 0;
    const bool is_unsigned = layout.sample_format == SAMPLEFORMAT_UINT;
    if (layout.extras > 3 || (layout.planar == PLANARCONFIG_SEPARATE && bits != 8)) {
        return false;
    }
    switch (layout.photometric) {
    case PHOTOMETRIC_MINISWHITE:
        return plain && ((shallow && is_unsigned) || is_wide_grey(layout, big_endian));
    case PHOTOMETRIC_MINISBLACK:
        return (plain && ((shallow && is_unsigned) || is_wide_grey(layout, big_endian))) ||
               (layout.samples == 2 && layout.extras == 1 && layout.extra != EXTRASAMPLE_ASSOCALPHA && bits == 8 &&
                is_unsigned);
    case PHOTOMETRIC_PALETTE:
        return is_unsigned && layout.colours[0] != nullptr &&
               ((plain && (shallow || bits == 8)) || (layout.samples == 2 && layout.extras == 1 && bits == 8));
    case PHOTOMETRIC_RGB:
        return is_unsigned && (bits == 8 || (bits == 16 && layout.extras <= 1)) && layout.samples == 3 + layout.extras;
    case PHOTOMETRIC_SEPARATED:
        return is_unsigned && (bits == 8 || (bits == 16 && layout.extras == 0)) && layout.samples == 4 + layout.extras;
    default:
        return false;
    }
}

// Returns whether the installed libtiff unpacks a compression, and as Pillow does.
bool is_unpacked(std::uint16_t compression)
{
    static constexpr std::uint16_t known[] = { COMPRESSION_NONE,      COMPRESSION_LZW,       COMPRESSION_ADOBE_DEFLATE,
                                               COMPRESSION_DEFLATE,   COMPRESSION_PACKBITS,  COMPRESSION_CCITTRLE,
                                               COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4, COMPRESSION_LZMA,
                                               COMPRESSION_ZSTD,      COMPRESSION_JPEG };
    return std::find(std::begin(known), std::end(known), compression) != std::end(known) &&
           TIFFIsCODECConfigured(compression) != 0;
}

// Names the tag that makes a file unsupported.
std::string what_is_unsupported(const TiffLayout &layout)
{
    static constexpr struct {
        std::uint16_t value;
        const char *name;
    } photometrics[] = { { PHOTOMETRIC_YCBCR, "YCbCr without JPEG" },
                         { PHOTOMETRIC_CIELAB, "L*a*b*" },
                         { PHOTOMETRIC_ICCLAB, "ICC L*a*b*" },
                         { PHOTOMETRIC_LOGL, "LogL" },
                         { PHOTOMETRIC_LOGLUV, "LogLuv" },
                         { PHOTOMETRIC_CFA, "raw camera data" } };
    if (!is_unpacked(layout.compression)) {
        const TIFFCodec *codec = TIFFFindCODEC(layout.compression);
        return "compression " + std::to_string(layout.compression) +
               (codec != nullptr ? std::string(" (") + codec->name + ")" : "");
    }
    for (const auto &photometric : photometrics) {
        if (photometric.value == layout.photometric) {
            return "colours as " + std::string(photometric.name);
        }
    }
    const char *type = layout.sample_format == SAMPLEFORMAT_INT      ? "signed "
                       : layout.sample_format == SAMPLEFORMAT_IEEEFP ? "float "
                                                                     : "";
    return std::to_string(layout.samples) + " " + type + "samples of " + std::to_string(layout.bits) +
           " bits in a pixel (photometric " + std::to_string(layout.photometric) + ", " +
           std::to_string(layout.extras) + " extra" +
           (layout.planar == PLANARCONFIG_SEPARATE ? ", in separate planes)" : ")");
}

} // namespace

bool moco::holds_bands(const TiffLayout &layout)
{
    const auto bits = layout.bits;
    const bool real = layout.sample_format == SAMPLEFORMAT_IEEEFP;
    const bool whole = layout.sample_format == SAMPLEFORMAT_UINT || layout.sample_format == SAMPLEFORMAT_INT;
    const bool plain = layout.photometric == PHOTOMETRIC_MINISWHITE || layout.photometric == PHOTOMETRIC_MINISBLACK ||
                       layout.photometric == PHOTOMETRIC_RGB;
    return is_unpacked(layout.compression) && plain &&
           ((whole && (bits == 8 || bits == 16 || bits == 32)) || (real && (bits == 16 || bits == 32 || bits == 64)));
}

bool moco::read_tiff_layout(TiffLayout &out, TIFF *tiff, const char *name)
{
    TiffLayout layout = read_tiff_tags(tiff);
    const TiffLayout found = layout;
    if (layout.photometric == PHOTOMETRIC_YCBCR && layout.compression == COMPRESSION_JPEG && layout.samples == 3) {
        (void)TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout.photometric = PHOTOMETRIC_RGB;
    } else if (layout.photometric == PHOTOMETRIC_YCBCR && layout.samples == 1) {
        layout.photometric = PHOTOMETRIC_MINISBLACK;
    }
    out = layout;
    if (is_unpacked(layout.compression) && is_supported(layout, TIFFIsBigEndian(tiff) != 0)) {
        return true;
    }
    if (!holds_bands(found)) {
        bad_file(name, "unsupported TIFF variant: " + what_is_unsupported(layout) + "; save it as PNG");
    }
    return false;
}
