// Decodes JPEG files by libjpeg-turbo, with the pixels that Pillow gives: slow integer DCT, fancy upsampling.
//
// If the data of a file is in order, a part of it can be decoded: rows and columns before the part are skipped, and
// anything after its last row is not read. All other files are decoded completely, so damage is found where Pillow
// finds it.
//
// libjpeg reports errors by longjmp, so decompress() and the functions it calls hold no object with a destructor.
#include "image/decoders.hpp"
#include "image/image_box.hpp"
#include "image/jpeg_planes.hpp"
#include "image/jpeg_reader.hpp"

#include <algorithm>
#include <cerrno>
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

// Each scan passes over the whole image, so a small file of many would take minutes. Encoders write some ten.
void count_scans(j_common_ptr jpeg)
{
    constexpr int max_scans = 100;
    auto *reader = reinterpret_cast<Reader *>(jpeg->err);
    if (reader->jpeg.input_scan_number > max_scans) {
        (void)std::snprintf(reader->message, sizeof reader->message, "more than %d scans", max_scans);
        std::longjmp(reader->on_error, 1);
    }
}

// Converts a row of CMYK, which Adobe stores inverted, to RGB with the arithmetic of Pillow.
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

// No exception may cross frames of libjpeg or a longjmp.
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

// Skips everything before the part. Upsampling reads neighbours beyond the edges, so some more is decoded. Columns
// start at a block.
bool start_part(Reader &reader)
{
    constexpr std::int32_t margin = 2;
    jpeg_decompress_struct &jpeg = reader.jpeg;
    const auto image_width = static_cast<std::int32_t>(jpeg.output_width);
    const auto image_height = static_cast<std::int32_t>(jpeg.output_height);
    moco_box &part = reader.part;
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
    if (setjmp(reader.on_error) != 0) { // NOLINT: libjpeg reports errors in no other way
        return Outcome::broken;
    }
    jpeg_create_decompress(&jpeg);
    reader.progress.progress_monitor = count_scans;
    jpeg.progress = &reader.progress;
    moco::jpeg_set_source(reader, bytes, count);
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
    const moco_box all = { 0, 0, reader.out->height, reader.out->width };
    const bool partly = reader.part != moco_box{} && reader.part != all && moco::jpeg_can_crop(jpeg);
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
        (void)jpeg_finish_decompress(&jpeg); // data after the last row, and a missing end, do not matter
    }
    return Outcome::whole;
}

void run(Reader &reader, const std::uint8_t *bytes, std::size_t count)
{
    errno = 0; // for bad_file()
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
        reader.out->set_size(width, height, reader.name); // throws again, where that is allowed
        return;
    case Outcome::no_memory:
        throw std::bad_alloc();
    }
}

} // namespace

void moco::read_jpeg_size(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.size_only = true;
    reader.name = name;
    run(reader, bytes, count);
}

moco_box moco::decode_jpeg(Pixels &out, moco_box box, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.part = box;
    reader.name = name;
    run(reader, bytes, count);
    return reader.part;
}

moco_box moco::decode_jpeg_planes(Pixels &out, Ycc &ycc, moco_box box, int reduction, const std::uint8_t *bytes,
                                  std::size_t count, const char *name)
{
    Reader reader = {};
    reader.out = &out;
    reader.ycc = &ycc;
    reader.part = box;
    reader.reduction = reduction;
    reader.name = name;
    run(reader, bytes, count);
    return reader.refused ? moco_box{} : reader.part;
}
