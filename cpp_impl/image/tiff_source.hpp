// Opens TIFF files in memory, and reads their strips and tiles row by row.
#pragma once

#include "image/decoders.hpp"
#include "image/tiff_layout.hpp"

#include <functional>
#include <memory>
#include <string>

namespace moco {

// The file in memory, and libtiff's first message about it.
struct TiffSource {
    const std::uint8_t *bytes;
    std::size_t count;
    std::size_t at;
    std::string message;
};

using TiffHandle = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

// The source must outlive the handle.
TiffHandle open_tiff(TiffSource &source, const char *name);

// A piece of a row: pixels of one plane, or of all samples together.
struct TiffRow {
    const std::uint8_t *data;
    std::size_t line, x;  // of the first pixel
    std::size_t count;    // pixels
    std::size_t plane;    // 0 if the samples are together
    std::size_t together; // samples that stand side by side
    std::size_t step;     // planes
};

// Reads all strips or tiles of the current page.
void read_tiff_rows(const TiffLayout &layout, TIFF *tiff, const TiffSource &source, const char *name,
                    const std::function<void(const TiffRow &)> &take);

// Where the pixels of a file go when Pillow turns it upright. Orientations 5 to 8 are turned by 90 degrees.
struct Upright {
    std::uint32_t width, height; // of the upright picture

    explicit Upright(const TiffLayout &layout);
    [[nodiscard]] std::size_t place(std::size_t x, std::size_t y) const noexcept
    {
        const std::size_t column = from_right_ ? in_width_ - 1 - x : x;
        const std::size_t line = from_below_ ? in_height_ - 1 - y : y;
        return aside_ ? column * in_height_ + line : line * in_width_ + column;
    }

  private:
    std::size_t in_width_, in_height_;
    bool aside_, from_right_, from_below_;
};

} // namespace moco
