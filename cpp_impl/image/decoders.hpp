// Declares the decoders. Each throws moco::Error (MOCO_EFORMAT) with the file's name.
#pragma once

#include "image/pixels.hpp"
#include "image/ycc.hpp"

namespace moco {

void decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_bmp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
void decode_tiff(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);
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
// Reads the header only.
void read_jpeg_size(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name);

} // namespace moco
