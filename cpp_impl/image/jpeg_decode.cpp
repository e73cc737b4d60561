// JPEG to RGB by libjpeg-turbo's own interface, which gives PIL's pixels: slow integer DCT, fancy upsampling.
//
// Of a file whose data is in order a part can be decoded alone: columns and rows before it are passed over, and what
// follows its last row is not looked at. All else is decoded as a whole, so that damage is found where PIL finds it.
//
// libjpeg reports errors by longjmp: decompress() and what it calls therefore hold no object with a destructor.
#include "image/jpeg_reader.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace {

using Reader = moco::JpegReader;
using Outcome = moco::JpegOutcome;

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

// No exception may pass through libjpeg's frames or a longjmp.
bool set_size(Reader &reader) noexcept
{
    try {
        reader.out->set_size(reader.jpeg.output_width, reader.jpeg.output_height, reader.name);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

bool make_room(Reader &reader) noexcept
{
    try {
        reader.out->bytes.grow(static_cast<std::size_t>(reader.part.width) *
                               static_cast<std::size_t>(reader.part.height) * 3);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

// Whether nothing but data and the end of the file follow the header: one scan, whose only markers are restarts.
bool is_in_order(const jpeg_decompress_struct &jpeg)
{
    const std::uint8_t *at = jpeg.src->next_input_byte;
    const std::uint8_t *const end = at + jpeg.src->bytes_in_buffer;
    while (at != end && (at = static_cast<const std::uint8_t *>(
                             std::memchr(at, 0xFF, static_cast<std::size_t>(end - at)))) != nullptr) {
        while (at != end && *at == 0xFF) { // a marker may be filled up in front
            ++at;
        }
        const int code = at != end ? *at : -1;
        if (code != 0 && (code < JPEG_RST0 || code > JPEG_RST0 + 7)) {
            return code == JPEG_EOI;
        }
    }
    return false;
}

// Passes over what lies before the part. Upsampling looks at neighbours that are not there at its edges, so some more
// is decoded; columns start with a block.
bool start_part(Reader &reader)
{
    constexpr std::int32_t margin = 2;
    jpeg_decompress_struct &jpeg = reader.jpeg;
    const auto image_width = static_cast<std::int32_t>(jpeg.output_width);
    const auto image_height = static_cast<std::int32_t>(jpeg.output_height);
    moco::Part &part = reader.part;
    const std::int32_t bottom = std::min(part.top + part.height + margin, image_height);
    const std::int32_t right = std::min(part.left + part.width + margin, image_width);
    part.top = std::max(part.top - margin, 0);
    part.height = bottom - part.top;
    auto left = static_cast<JDIMENSION>(std::max(part.left - margin, 0));
    auto width = static_cast<JDIMENSION>(right) - left;
    jpeg_crop_scanline(&jpeg, &left, &width);
    part.left = static_cast<std::int32_t>(left);
    part.width = static_cast<std::int32_t>(width);
    const auto above = static_cast<JDIMENSION>(part.top);
    return above == 0 || jpeg_skip_scanlines(&jpeg, above) == above;
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
    for (std::int32_t y = 0; y < reader.part.height; ++y, to += stride) {
        JSAMPROW row = to;
        if (jpeg_read_scanlines(&jpeg, inks != nullptr ? inks : &row, 1) != 1) {
            return false;
        }
        if (inks != nullptr) {
            cmyk_to_rgb(row, inks[0], jpeg.output_width);
        }
    }
    return true;
}

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
    if (!set_size(reader)) {
        return Outcome::refused;
    }
    if (reader.size_only) {
        return Outcome::whole;
    }
    if (reader.ycc != nullptr) {
        return moco::jpeg_read_planes(reader);
    }
    const moco::Part all = { 0, 0, reader.out->height, reader.out->width };
    const bool partly = reader.part != moco::Part{} && reader.part != all && moco::jpeg_can_crop(jpeg);
    if (!partly) {
        reader.part = all;
    }
    if (jpeg_start_decompress(&jpeg) == FALSE || (partly && !start_part(reader))) {
        return Outcome::truncated;
    }
    if (!make_room(reader)) {
        return Outcome::no_memory;
    }
    if (!read_rows(reader)) {
        return Outcome::truncated;
    }
    if (!partly) {
        (void)jpeg_finish_decompress(&jpeg); // what follows the last row does not matter, a missing end neither
    }
    return Outcome::whole;
}

void run(Reader &reader, const std::uint8_t *bytes, std::size_t count)
{
    const Outcome outcome = decompress(reader, bytes, count);
    const std::int64_t width = reader.jpeg.output_width;
    const std::int64_t height = reader.jpeg.output_height;
    jpeg_destroy_decompress(&reader.jpeg);
    switch (outcome) {
    case Outcome::whole:
        return;
    case Outcome::truncated:
        moco::bad_file(reader.name, "the JPEG file is truncated");
    case Outcome::broken:
        moco::bad_file(reader.name, std::string("damaged or unsupported JPEG file: ") + reader.message);
    case Outcome::refused:
        reader.out->set_size(width, height, reader.name); // throws again, now where it may
        return;
    case Outcome::no_memory:
        throw std::bad_alloc();
    }
}

} // namespace

// The samplings that libjpeg-turbo crops exactly: chroma halved or not.
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

void moco::read_jpeg_size(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.size_only = true;
    reader.name = name;
    run(reader, bytes, count);
}

moco::Part moco::decode_jpeg(Pixels &out, Part part, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.part = part;
    reader.name = name;
    run(reader, bytes, count);
    return reader.part;
}

moco::Part moco::decode_jpeg_planes(Pixels &out, Ycc &ycc, Part part, int reduction, const std::uint8_t *bytes,
                                    std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.ycc = &ycc;
    reader.part = part;
    reader.reduction = reduction;
    reader.name = name;
    run(reader, bytes, count);
    return reader.refused ? Part{} : reader.part;
}
