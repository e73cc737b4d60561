// JPEG to RGB by libjpeg-turbo's own interface, which gives PIL's pixels: slow integer DCT, fancy upsampling.
//
// libjpeg reports errors by longjmp: decompress() therefore holds no object with a destructor.
#include "image.hpp"

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <string>

namespace {

struct Reader {
    jpeg_error_mgr error; // first: libjpeg hands its address back
    std::jmp_buf on_error;
    jpeg_source_mgr source;
    jpeg_decompress_struct jpeg;
    moco::Pixels *out;
    const char *name;
    char message[JMSG_LENGTH_MAX];
};

void fail(j_common_ptr jpeg)
{
    auto *reader = reinterpret_cast<Reader *>(jpeg->err);
    jpeg->err->format_message(jpeg, reader->message);
    std::longjmp(reader->on_error, 1);
}

void ignore_message(j_common_ptr /*jpeg*/) {}

void ignore(j_decompress_ptr /*jpeg*/) {}

// All bytes are there from the start: to ask for more is to find the file truncated.
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

void set_source(Reader &reader, const std::uint8_t *bytes, std::size_t count)
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

// One row of CMYK, stored inverted as Adobe does, to RGB in Pillow's arithmetic.
void cmyk_to_rgb(std::uint8_t *rgb, const std::uint8_t *inverted, std::size_t width)
{
    for (std::size_t x = 0; x < width; ++x) {
        const int white = inverted[4 * x + 3];
        for (std::size_t c = 0; c < 3; ++c) {
            const int product = (255 - inverted[4 * x + c]) * white + 128;
            rgb[3 * x + c] = static_cast<std::uint8_t>(white - ((product + (product >> 8)) >> 8));
        }
    }
}

// Makes room for the pixels; no exception may pass through libjpeg's frames or a longjmp.
std::uint8_t *make_room(Reader &reader) noexcept
{
    try {
        return reader.out->resize(reader.jpeg.output_width, reader.jpeg.output_height, reader.name);
    } catch (const std::exception &) {
        return nullptr;
    }
}

bool read_rows(Reader &reader)
{
    jpeg_decompress_struct &jpeg = reader.jpeg;
    const std::size_t stride = static_cast<std::size_t>(jpeg.output_width) * 3;
    std::uint8_t *to = reader.out->bytes.data();
    JSAMPARRAY inks = nullptr;
    if (jpeg.out_color_space == JCS_CMYK) {
        inks = jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg), JPOOL_IMAGE, jpeg.output_width * 4, 1);
    }
    while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = to + jpeg.output_scanline * stride;
        if (jpeg_read_scanlines(&jpeg, inks != nullptr ? inks : &row, 1) != 1) {
            return false;
        }
        if (inks != nullptr) {
            cmyk_to_rgb(row, inks[0], jpeg.output_width);
        }
    }
    return true;
}

enum class Outcome { whole, truncated, broken, refused };

Outcome decompress(Reader &reader, const std::uint8_t *bytes, std::size_t count)
{
    jpeg_decompress_struct &jpeg = reader.jpeg;
    jpeg.err = jpeg_std_error(&reader.error);
    reader.error.error_exit = fail;
    reader.error.output_message = ignore_message;
    if (setjmp(reader.on_error) != 0) { // NOLINT: libjpeg has no other way
        return Outcome::broken;
    }
    jpeg_create_decompress(&jpeg);
    set_source(reader, bytes, count);
    if (jpeg_read_header(&jpeg, TRUE) == JPEG_SUSPENDED) {
        return Outcome::truncated;
    }
    if (jpeg.num_components != 1 && jpeg.num_components != 3 && jpeg.num_components != 4) {
        (void)std::snprintf(reader.message, sizeof reader.message, "%d colour components; 1, 3 or 4 are supported",
                            jpeg.num_components);
        return Outcome::broken;
    }
    jpeg.out_color_space = jpeg.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_calc_output_dimensions(&jpeg);
    if (make_room(reader) == nullptr) {
        return Outcome::refused;
    }
    if (jpeg_start_decompress(&jpeg) == FALSE || !read_rows(reader)) {
        return Outcome::truncated;
    }
    (void)jpeg_finish_decompress(&jpeg); // what follows the last row does not matter, a missing end marker neither
    return Outcome::whole;
}

} // namespace

void moco::decode_jpeg(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.name = name;
    const Outcome outcome = decompress(reader, bytes, count);
    const std::int64_t width = reader.jpeg.output_width;
    const std::int64_t height = reader.jpeg.output_height;
    jpeg_destroy_decompress(&reader.jpeg);
    switch (outcome) {
    case Outcome::whole:
        return;
    case Outcome::truncated:
        bad_file(name, "the JPEG file is truncated");
    case Outcome::broken:
        bad_file(name, std::string("damaged or unsupported JPEG file: ") + reader.message);
    case Outcome::refused:
        (void)out.resize(width, height, name); // throws again, now where it may
    }
}
