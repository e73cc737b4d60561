// Declares the decoders. Each throws moco::Error (MOCO_EFORMAT) with the file's name.
#pragma once

#include "image/bands.hpp"
#include "image/pixels.hpp"
#include "image/ycc.hpp"

namespace moco {

void decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_bmp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
// Returns false if the file is only for decode_tiff_bands().
bool decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_netpbm(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
// Returns whether a file begins like a PBM, PGM or PPM file.
bool is_netpbm(const std::uint8_t *bytes, std::size_t count);
void decode_webp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);

// Decodes at least a box, or all pixels if the box is empty. Returns the box that was decoded.
moco_box decode_jpeg(Pixels &out, moco_box box, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes at least a box to planes, in which each sample stands for @p reduction x @p reduction pixels (1, 2, 4 or 8).
// Returns the box that was decoded; an empty one if the file does not hold luma and chroma.
moco_box decode_jpeg_planes(Pixels &out, Ycc &ycc, moco_box box, int reduction, const std::uint8_t *bytes,
                            std::size_t count, const char *name);
// Decodes all bands. Returns whether the last one is alpha.
bool decode_png_bands(Bands &out, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes all bands. Returns false if the file has none, but palettes or colours that only decode_tiff() knows.
bool decode_tiff_bands(Bands &out, bool &has_alpha, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes all bands of a file of more than 8 bits. Returns false for others, which decode_netpbm() reads as well.
bool decode_netpbm_bands(Bands &out, const std::uint8_t *bytes, std::size_t count, const char *name);
// Decodes the bands of an array. Its axis of channels depends on how many are @p wanted.
void decode_npy(Bands &out, std::int32_t wanted, const std::uint8_t *bytes, std::size_t count, const char *name);
bool is_npy(const std::uint8_t *bytes, std::size_t count);

// Reads the header only.
void read_jpeg_size(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);

} // namespace moco
