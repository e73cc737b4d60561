// Gives files in memory to libjpeg, and finds out which of them can be decoded in part.
#include "image/jpeg_reader.hpp"

#include <algorithm>
#include <cstring>

namespace {

void ignore(j_decompress_ptr /*jpeg*/) {}

// Called when libjpeg needs more bytes than the file has: the file is truncated.
boolean no_more(j_decompress_ptr /*jpeg*/)
{
    return FALSE;
}

void skip(j_decompress_ptr jpeg, long count)
{
    if (count > 0) {
        const auto step = std::min(static_cast<std::size_t>(count), jpeg->src->bytes_in_buffer);
        jpeg->src->next_input_byte += step;
        jpeg->src->bytes_in_buffer -= step;
    }
}

// Whether only one scan, with no markers but restarts, and the end of the file follow the header.
bool is_in_order(const jpeg_decompress_struct &jpeg)
{
    const std::uint8_t *at = jpeg.src->next_input_byte;
    const std::uint8_t *const end = at + jpeg.src->bytes_in_buffer;
    while (at != end && (at = static_cast<const std::uint8_t *>(
                             std::memchr(at, 0xFF, static_cast<std::size_t>(end - at)))) != nullptr) {
        while (at != end && *at == 0xFF) { // a marker may begin with several of these
            ++at;
        }
        const int code = at != end ? *at : -1;
        if (code != 0 && (code < JPEG_RST0 || code > JPEG_RST0 + 7)) {
            return code == JPEG_EOI;
        }
    }
    return false;
}

} // namespace

void moco::jpeg_set_source(JpegReader &reader, const std::uint8_t *bytes, std::size_t count)
{
    reader.source.next_input_byte = bytes;
    reader.source.bytes_in_buffer = count;
    reader.source.init_source = ignore;
    reader.source.fill_input_buffer = no_more;
    reader.source.skip_input_data = skip;
    reader.source.resync_to_restart = jpeg_resync_to_restart;
    reader.source.term_source = ignore;
    reader.jpeg.src = &reader.source;
}

// libjpeg-turbo crops exactly if chroma is halved or complete.
bool moco::jpeg_can_crop(const jpeg_decompress_struct &jpeg)
{
    const jpeg_component_info *component = jpeg.comp_info;
    if (jpeg.progressive_mode != FALSE || jpeg.comps_in_scan != jpeg.num_components || jpeg.num_components > 3) {
        return false;
    }
    if (component[0].h_samp_factor > 2 || component[0].v_samp_factor > component[0].h_samp_factor) {
        return false;
    }
    for (int c = 1; c < jpeg.num_components; ++c) {
        if (component[c].h_samp_factor != 1 || component[c].v_samp_factor != 1) {
            return false;
        }
    }
    return is_in_order(jpeg);
}
