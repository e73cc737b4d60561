// Holds the state of decoding a JPEG file.
//
// libjpeg reports errors by longjmp, so functions that call it hold no object with a destructor.
#pragma once

#include "image/pixels.hpp"
#include "image/ycc.hpp"

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

namespace moco {

struct JpegReader {
    jpeg_error_mgr error; // first, since libjpeg passes its address to the handler
    std::jmp_buf on_error;
    jpeg_source_mgr source;
    jpeg_progress_mgr progress;
    jpeg_decompress_struct jpeg;
    Pixels *out;
    moco_box part; // the box that is wanted, then the box that was decoded
    bool size_only;
    int reduction; // pixels per sample and axis, for planes
    Ycc *ycc;      // the planes to decode to; NULL: RGB
    bool refused;  // the file cannot be decoded to planes
    const char *name;
    char message[JMSG_LENGTH_MAX];
};

enum class JpegOutcome { whole, truncated, broken, refused, no_memory };

// Whether a file can be decoded in part: its sampling is usual, and its markers are in order.
bool jpeg_can_crop(const jpeg_decompress_struct &jpeg);

// Makes libjpeg read a file in memory.
void jpeg_set_source(JpegReader &reader, const std::uint8_t *bytes, std::size_t count);

} // namespace moco
