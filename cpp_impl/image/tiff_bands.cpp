// Reads the bands of TIFF files: samples of 8 to 64 bits, together or in planes, or one in each page.
#include "image/tiff_source.hpp"

#include <cstring>

namespace {

using moco::Bands;
using moco::Sample;
using moco::SampleType;
using moco::TiffLayout;
using u8 = std::uint8_t;

constexpr int most_pages = 4096; // that are looked at

// libtiff gives samples in the machine's byte order.
SampleType type_of(const TiffLayout &layout)
{
    const std::size_t bytes = layout.bits / 8U;
    if (layout.sample_format == SAMPLEFORMAT_IEEEFP) {
        return { layout.bits == 16 ? Sample::f16 : layout.bits == 32 ? Sample::f32 : Sample::f64, bytes, false };
    }
    const bool is_signed = layout.sample_format == SAMPLEFORMAT_INT;
    switch (layout.bits) {
    case 8:
        return { is_signed ? Sample::i8 : Sample::u8, bytes, false };
    case 16:
        return { is_signed ? Sample::i16 : Sample::u16, bytes, false };
    default:
        return { is_signed ? Sample::i32 : Sample::u32, bytes, false };
    }
}

bool same_kind(const TiffLayout &a, const TiffLayout &b)
{
    return a.width == b.width && a.height == b.height && a.bits == b.bits && a.samples == b.samples &&
           a.sample_format == b.sample_format && a.photometric == b.photometric && a.orientation == b.orientation;
}

// Whether a page is a smaller copy of another, or a mask for it.
bool is_helper(TIFF *tiff)
{
    std::uint32_t type = 0;
    return TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &type) == 1 && (type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
}

// Moves to the next page that is of the same kind as the first; returns false if there is none.
bool next_page(TIFF *tiff, const TiffLayout &first)
{
    for (int i = 0; i < most_pages && TIFFReadDirectory(tiff) == 1; ++i) {
        if (!is_helper(tiff) && same_kind(moco::read_tiff_tags(tiff), first) &&
            moco::holds_bands(moco::read_tiff_tags(tiff))) {
            return true;
        }
    }
    return false;
}

// Counts the pages that are bands: of a file with one sample per pixel, those of the same kind.
std::int64_t count_pages(TIFF *tiff, const TiffLayout &first)
{
    std::int64_t count = 1;
    if (first.samples == 1) {
        while (count < most_pages && next_page(tiff, first)) {
            ++count;
        }
        (void)TIFFSetDirectory(tiff, 0);
    }
    return count;
}

// Reads the samples of a page to the bands from @p band on.
void read_page(Bands &out, std::size_t band, const TiffLayout &layout, TIFF *tiff, const moco::TiffSource &source,
               const char *name)
{
    thread_local moco::Floats pixels;
    const SampleType type = type_of(layout);
    const moco::Upright upright(layout);
    const bool white = layout.photometric == PHOTOMETRIC_MINISWHITE && out.has_range();
    pixels.grow(layout.width);
    moco::read_tiff_rows(layout, tiff, source, name, [&](const moco::TiffRow &row) {
        for (std::size_t s = 0; s < row.together; ++s) {
            float *plane = out.plane(band + row.plane + s);
            moco::to_floats(pixels.data(), row.data + s * type.bytes, row.count, row.together * type.bytes, type);
            for (std::size_t i = 0; i < row.count; ++i) {
                const float value = pixels.data()[i];
                plane[upright.place(row.x + i, row.line)] = white ? 1 - value : value;
            }
        }
    });
}

} // namespace

bool moco::decode_tiff_bands(Bands &out, bool &has_alpha, const std::uint8_t *bytes, std::size_t count,
                             const char *name)
{
    TiffSource source = { bytes, count, 0, "" };
    const TiffHandle tiff = open_tiff(source, name);
    const TiffLayout layout = read_tiff_tags(tiff.get());
    if (!holds_bands(layout)) {
        return false;
    }
    const Upright upright(layout);
    const std::int64_t pages = count_pages(tiff.get(), layout);
    out.resize(upright.width, upright.height, pages * layout.samples, name);
    out.depth = depth_of(type_of(layout).kind);
    for (std::int64_t page = 0; page < pages; ++page) {
        if (page > 0 && !next_page(tiff.get(), layout)) {
            bad_file(name, "damaged TIFF file: page " + std::to_string(page + 1) + " is gone");
        }
        read_page(out, static_cast<std::size_t>(page), layout, tiff.get(), source, name);
    }
    has_alpha =
        layout.extras == 1 && (layout.extra == EXTRASAMPLE_ASSOCALPHA || layout.extra == EXTRASAMPLE_UNASSALPHA);
    return true;
}
