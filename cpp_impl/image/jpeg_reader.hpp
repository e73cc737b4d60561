// What both ways of decoding JPEG files share.
//
// libjpeg reports errors by longjmp: what calls it therefore holds no object with a destructor.
#pragma once

#include "image/image.hpp"

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

namespace moco {

struct JpegReader {
    jpeg_error_mgr error; // first: libjpeg hands its address back
    std::jmp_buf on_error;
    jpeg_source_mgr source;
    jpeg_decompress_struct jpeg;
    Pixels *out;
    Part part; // what is wanted, then what was decoded
    bool size_only;
    int reduction; // of decoding to planes
    Ycc *ycc;      // decode to planes; NULL: to RGB
    bool refused;  // cannot be decoded to planes
    const char *name;
    char message[JMSG_LENGTH_MAX];
};

enum class JpegOutcome { whole, truncated, broken, refused, no_memory };

// Whether the rows and columns of a file may be decoded in part: nothing in it is damaged or out of order.
bool jpeg_can_crop(const jpeg_decompress_struct &jpeg);

// Decodes to planes after the header was read and the size was set.
JpegOutcome jpeg_read_planes(JpegReader &reader);

} // namespace moco
