// Decodes PNG files by libpng, with the pixels that Pillow gives: alpha and transparent colours are dropped, 16-bit
// grey is clipped at 255, other 16-bit channels keep their high byte. As bands, all channels keep their 16 bits.
#include "image/decoders.hpp"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

namespace {

using u8 = std::uint8_t;

// The file in memory, and libpng's message about it.
struct Source {
    const u8 *bytes;
    std::size_t count;
    std::size_t at;
    char message[128];
};

void read_bytes(png_structp png, png_bytep to, std::size_t count)
{
    auto *source = static_cast<Source *>(png_get_io_ptr(png));
    if (count > source->count - source->at) {
        png_error(png, "the file is truncated");
    }
    std::memcpy(to, source->bytes + source->at, count);
    source->at += count;
}

[[noreturn]] void on_error(png_structp png, png_const_charp message)
{
    auto *source = static_cast<Source *>(png_get_error_ptr(png));
    (void)std::snprintf(source->message, sizeof source->message, "%s", message);
    png_longjmp(png, 1);
}

// Pillow ignores warnings of libpng, too.
void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

class Decoder {
  public:
    Decoder(Source &source, bool as_bands)
        : as_bands_(as_bands), png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, on_error, on_warning)),
          info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr)
    {
        if (info_ == nullptr) {
            png_destroy_read_struct(&png_, nullptr, nullptr);
            throw std::bad_alloc();
        }
        png_set_read_fn(png_, &source, read_bytes);
        png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
        png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // check_picture() has the limit
    }
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;
    ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

    // Both return false after a longjmp from libpng, so neither holds an object with a destructor.
    bool read_header(const char *name)
    {
        if (setjmp(png_jmpbuf(png_)) != 0) { // NOLINT(cert-err52-cpp): libpng reports errors in no other way
            return false;
        }
        png_read_info(png_, info_);
        moco::check_picture(static_cast<std::int64_t>(width()), static_cast<std::int64_t>(height()),
                            name); // before room for rows
        convert();
        passes_ = png_set_interlace_handling(png_);
        png_read_update_info(png_, info_);
        return true;
    }
    // Reads rows of width x 3 bytes, or of width x 2 for 16-bit grey; for bands, of all samples. An interlaced file
    // fills them in several passes.
    bool read_rows(u8 *to)
    {
        if (setjmp(png_jmpbuf(png_)) != 0) { // NOLINT(cert-err52-cpp)
            return false;
        }
        for (int pass = 0; pass < passes_; ++pass) {
            for (std::size_t y = 0; y < height(); ++y) {
                png_read_row(png_, to + y * row_bytes(), nullptr);
            }
        }
        return true;
    }

    [[nodiscard]] std::size_t width() const { return png_get_image_width(png_, info_); }
    [[nodiscard]] std::size_t height() const { return png_get_image_height(png_, info_); }
    [[nodiscard]] std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
    [[nodiscard]] bool is_grey16() const { return grey16_; }
    [[nodiscard]] std::size_t channels() const { return png_get_channels(png_, info_); }
    [[nodiscard]] bool is_wide() const { return png_get_bit_depth(png_, info_) == 16; }
    [[nodiscard]] bool has_alpha() const { return (png_get_color_type(png_, info_) & PNG_COLOR_MASK_ALPHA) != 0; }

  private:
    void convert()
    {
        if (as_bands_) {
            png_set_expand(png_); // palettes to RGB, transparent colours to alpha, grey to 8 bits
            return;
        }
        const int colour = png_get_color_type(png_, info_);
        grey16_ = colour == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png_, info_) == 16;
        if (grey16_) {
            return;
        }
        if (colour == PNG_COLOR_TYPE_PALETTE) {
            png_set_palette_to_rgb(png_);
        }
        png_set_expand_gray_1_2_4_to_8(png_);
        png_set_strip_16(png_); // keeps the high byte
        png_set_strip_alpha(png_);
        png_set_gray_to_rgb(png_);
    }

    bool as_bands_;
    png_structp png_;
    png_infop info_;
    int passes_ = 1;
    bool grey16_ = false;
};

} // namespace

void moco::decode_png(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes grey;
    Source source = { bytes, count, 0, "" };
    Decoder decoder(source, /*as_bands=*/false);
    if (!decoder.read_header(name)) {
        bad_file(name, std::string("damaged PNG file: ") + source.message);
    }
    const std::size_t pixels = decoder.width() * decoder.height();
    u8 *to = out.resize(static_cast<std::int64_t>(decoder.width()), static_cast<std::int64_t>(decoder.height()), name);
    u8 *rows = decoder.is_grey16() ? grey.grow(2 * pixels) : to;
    if (decoder.row_bytes() != decoder.width() * (decoder.is_grey16() ? 2 : 3)) {
        bad_file(name, "unsupported PNG file");
    }
    if (!decoder.read_rows(rows)) {
        bad_file(name, std::string("damaged PNG file: ") + source.message);
    }
    if (decoder.is_grey16()) {
        for (std::size_t i = 0; i < pixels; ++i, to += 3) {
            to[0] = to[1] = to[2] = rows[2 * i] != 0 ? 255 : rows[2 * i + 1];
        }
    }
}

bool moco::decode_png_bands(Bands &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    thread_local Bytes rows;
    Source source = { bytes, count, 0, "" };
    Decoder decoder(source, /*as_bands=*/true);
    if (!decoder.read_header(name)) {
        bad_file(name, std::string("damaged PNG file: ") + source.message);
    }
    const SampleType type = { decoder.is_wide() ? Sample::u16 : Sample::u8, decoder.is_wide() ? 2U : 1U,
                              decoder.is_wide() }; // in the file's byte order, the big-endian one
    const std::size_t channels = decoder.channels();
    const std::size_t pixel = channels * type.bytes;
    out.resize(static_cast<std::int64_t>(decoder.width()), static_cast<std::int64_t>(decoder.height()),
               static_cast<std::int64_t>(channels), name);
    out.depth = depth_of(type.kind);
    if (decoder.row_bytes() != decoder.width() * pixel) {
        bad_file(name, "unsupported PNG file");
    }
    u8 *from = rows.grow(out.area() * pixel);
    if (!decoder.read_rows(from)) {
        bad_file(name, std::string("damaged PNG file: ") + source.message);
    }
    for (std::size_t c = 0; c < channels; ++c) {
        to_floats(out.plane(c), from + c * type.bytes, out.area(), pixel, type);
    }
    return decoder.has_alpha();
}
