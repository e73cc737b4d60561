// Opens TIFF files in memory, and reads their strips and tiles row by row.
#include "image/tiff_source.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace {

using moco::TiffSource;

tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t count)
{
    auto *source = static_cast<TiffSource *>(handle);
    const std::size_t left = source->count - std::min(source->at, source->count);
    const std::size_t taken = std::min(left, static_cast<std::size_t>(count));
    std::memcpy(to, source->bytes + source->count - left, taken);
    source->at += taken;
    return static_cast<tmsize_t>(taken);
}

tmsize_t write_nothing(thandle_t /*handle*/, void * /*from*/, tmsize_t /*count*/)
{
    return 0;
}

toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    auto *source = static_cast<TiffSource *>(handle);
    const std::size_t base = whence == SEEK_CUR ? source->at : whence == SEEK_END ? source->count : 0;
    source->at = base + static_cast<std::size_t>(offset);
    return source->at;
}

int close_nothing(thandle_t /*handle*/)
{
    return 0;
}

toff_t size_of(thandle_t handle)
{
    return static_cast<TiffSource *>(handle)->count;
}

// Keeps the first message. Returns 1, so that libtiff does not print it.
int on_error(TIFF * /*tiff*/, void *user, const char * /*module*/, const char *format, va_list args)
{
    auto *source = static_cast<TiffSource *>(user);
    if (source->message.empty()) {
        char text[160];
        (void)std::vsnprintf(text, sizeof text, format, args);
        source->message = text;
    }
    return 1;
}

int on_warning(TIFF * /*tiff*/, void * /*user*/, const char * /*module*/, const char * /*format*/, va_list /*args*/)
{
    return 1;
}

[[noreturn]] void damaged(const moco::TiffSource &source, const char *name)
{
    moco::bad_file(name, "damaged or truncated TIFF file: " + source.message);
}

} // namespace

moco::TiffHandle moco::open_tiff(TiffSource &source, const char *name)
{
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   TIFFOpenOptionsFree);
    if (options == nullptr) {
        throw std::bad_alloc();
    }
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, &source);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), 8 * max_image_pixels);
    // "m": no mapping, the file is in memory
    TiffHandle tiff(TIFFClientOpenExt("", "rm", &source, read_bytes, write_nothing, seek, close_nothing, size_of,
                                      nullptr, nullptr, options.get()),
                    TIFFClose);
    if (tiff == nullptr) {
        damaged(source, name);
    }
    return tiff;
}

void moco::read_tiff_rows(const TiffLayout &layout, TIFF *tiff, const TiffSource &source, const char *name,
                          const std::function<void(const TiffRow &)> &take)
{
    thread_local Bytes segment;
    const bool tiled = TIFFIsTiled(tiff) != 0;
    const std::size_t width = layout.width;
    const std::size_t height = layout.height;
    std::uint32_t across = layout.width;
    std::uint32_t down = layout.height;
    if (tiled) {
        (void)TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &across);
        (void)TIFFGetField(tiff, TIFFTAG_TILELENGTH, &down);
    } else {
        (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &down);
        down = std::min(down, layout.height);
    }
    const std::size_t planes = layout.planar == PLANARCONFIG_SEPARATE ? layout.samples : 1;
    const std::size_t together = layout.samples / planes; // samples that stand side by side
    const tmsize_t size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    const tmsize_t row_bytes = tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    if (across == 0 || down == 0 || size <= 0 || size > 8 * max_image_pixels || row_bytes <= 0) {
        damaged(source, name);
    }
    const std::size_t columns = (width + across - 1) / across;
    const std::size_t segments = columns * ((height + down - 1) / down);
    for (std::size_t i = 0; i < segments * planes; ++i) {
        const std::size_t x = i % segments % columns * across;
        const std::size_t y = i % segments / columns * down;
        const std::size_t rows = std::min<std::size_t>(down, height - y);
        const auto wanted = tiled ? size : row_bytes * static_cast<tmsize_t>(rows);
        std::uint8_t *row = segment.grow(static_cast<std::size_t>(size));
        const auto index = static_cast<std::uint32_t>(i);
        const tmsize_t got =
            tiled ? TIFFReadEncodedTile(tiff, index, row, size) : TIFFReadEncodedStrip(tiff, index, row, wanted);
        if (got < wanted) {
            damaged(source, name);
        }
        for (std::size_t line = y; line < y + rows; ++line, row += row_bytes) {
            take({ row, line, x, std::min<std::size_t>(across, width - x), i / segments, together, planes });
        }
    }
}

moco::Upright::Upright(const TiffLayout &layout)
    : in_width_(layout.width), in_height_(layout.height), aside_(layout.orientation >= 5 && layout.orientation <= 8)
{
    const std::uint32_t o = layout.orientation;
    width = aside_ ? layout.height : layout.width;
    height = aside_ ? layout.width : layout.height;
    from_right_ = o == 2 || o == 3 || o == 7 || o == 8;
    from_below_ = o == 3 || o == 4 || o == 6 || o == 7;
}
