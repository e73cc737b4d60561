// Decodes JPEG files to the planes of luma and chroma that they hold.
#pragma once

#include "image/jpeg_reader.hpp"

namespace moco {

// Decodes to reader.ycc after the header was read and the size was set.
JpegOutcome jpeg_read_planes(JpegReader &reader);

} // namespace moco
