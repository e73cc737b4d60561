// Reads image files, recognises them by their first bytes, and decodes them to RGB or bands.
#include "image/decoders.hpp"
#include "image/image.hpp"

#include "base/descriptor_internal.h"
#include "base/file_nature_internal.h"
#include "base/files_internal.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace moco {

namespace {

bool starts_with(const std::uint8_t *bytes, std::size_t count, const char *magic, std::size_t length)
{
    return count >= length && std::memcmp(bytes, magic, length) == 0;
}

bool is_jpeg(const std::uint8_t *bytes, std::size_t count)
{
    return starts_with(bytes, count, "\xFF\xD8\xFF", 3);
}

// Both orders of bytes, and both of TIFF and BigTIFF.
bool is_tiff(const std::uint8_t *bytes, std::size_t count)
{
    return starts_with(bytes, count, "II*\0", 4) || starts_with(bytes, count, "MM\0*", 4) ||
           starts_with(bytes, count, "II+\0", 4) || starts_with(bytes, count, "MM\0+", 4);
}

bool is_png(const std::uint8_t *bytes, std::size_t count)
{
    return starts_with(bytes, count, "\x89PNG\r\n\x1A\n", 8);
}

// Decodes the bands of formats that have other ones than 8-bit RGB. Returns false for others.
bool decode_bands(moco_image &image, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Bands &made = image.bands_room();
    bool has_alpha = false;
    if (is_npy(bytes, count)) {
        decode_npy(made, image.wanted, bytes, count, name);
    } else if (is_png(bytes, count)) {
        has_alpha = decode_png_bands(made, bytes, count, name);
    } else if (is_netpbm(bytes, count)) {
        if (!decode_netpbm_bands(made, bytes, count, name)) {
            return false;
        }
    } else if (!is_tiff(bytes, count) || !decode_tiff_bands(made, has_alpha, bytes, count, name)) {
        return false;
    }
    fit_bands(made, image.wanted, has_alpha, name);
    image.give_bands();
    return true;
}

// Decodes to RGB. Returns false for a TIFF file that only has bands.
bool decode_rgb(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    if (is_jpeg(bytes, count)) {
        (void)decode_jpeg(out, {}, bytes, count, name);
    } else if (is_png(bytes, count)) {
        decode_png(out, bytes, count, name);
    } else if (starts_with(bytes, count, "BM", 2)) {
        decode_bmp(out, bytes, count, name);
    } else if (is_tiff(bytes, count)) {
        return decode_tiff(out, bytes, count, name);
    } else if (starts_with(bytes, count, "RIFF", 4) && count >= 12 && std::memcmp(bytes + 8, "WEBP", 4) == 0) {
        decode_webp(out, bytes, count, name);
    } else if (is_netpbm(bytes, count)) {
        decode_netpbm(out, bytes, count, name);
    } else {
        const char *nature = moco__file_nature(bytes, count);
        bad_file(name, std::string("not a JPEG, PNG, WebP, BMP, TIFF, PPM, PGM or .npy file") +
                           (nature != nullptr ? std::string(", but ") + nature : ""));
    }
    return true;
}

void decode(moco_image &image, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    errno = 0; // for bad_file()
    if (count == 0) {
        bad_file(name, "the file is empty");
    }
    if ((image.wanted != 3 || is_npy(bytes, count)) && decode_bands(image, bytes, count, name)) {
        return;
    }
    Pixels out{ .bytes = image.spare() };
    if (!decode_rgb(out, bytes, count, name)) {
        (void)decode_bands(image, bytes, count, name);
        return;
    }
    if (image.wanted == 3) {
        image.give_rgb(out.width, out.height);
        return;
    }
    bands_from_rgb(image.bands_room(), out.bytes.data(), out.width, out.height, image.wanted, name);
    image.give_bands();
}

// Decodes a file. A lazy image keeps a JPEG file instead, and takes over @p file.
void decode_or_keep(moco_image &image, Bytes &file, std::size_t count, const char *name)
{
    if (!image.lazy || image.wanted != 3 || !is_jpeg(file.data(), count)) {
        decode(image, file.data(), count, name);
        return;
    }
    Pixels size{ .bytes = image.spare() };
    read_jpeg_size(size, file.data(), count, name);
    image.give_file(size.width, size.height, file, count, name);
}

// The calling thread's buffer for files.
Bytes &file_buffer()
{
    thread_local Bytes bytes;
    return bytes;
}

class Descriptor {
  public:
    explicit Descriptor(const char *path) : value_(moco__open(path, O_RDONLY)) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (value_ >= 0) {
            (void)moco__close(value_);
        }
    }
    [[nodiscard]] int value() const { return value_; }

  private:
    int value_;
};

[[noreturn]] void cannot_read(const char *path, int error)
{
    throw Error(error == ENOENT ? MOCO_ENOTFOUND : MOCO_EIO,
                std::string(path) + ": cannot be read: " + std::strerror(error));
}

// More than an image within the limit of pixels has in any format.
constexpr std::size_t max_file_bytes = std::size_t{ 8 } << 30;

// Reads a complete file; a file that shrinks meanwhile is truncated.
std::size_t read_file(Bytes &bytes, const char *path)
{
    const Descriptor file(path);
    struct stat status = {};
    if (file.value() < 0 || fstat(file.value(), &status) != 0) {
        cannot_read(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        bad_file(path, "not a regular file");
    }
    const auto count = static_cast<std::size_t>(status.st_size);
    if (count > max_file_bytes) {
        bad_file(path, std::to_string(count) + " bytes are more than any image has");
    }
    std::uint8_t *to = bytes.grow(count);
    std::size_t got = 0;
    const int error = moco__read_at(&got, to, file.value(), count, 0);
    if (error != 0) {
        cannot_read(path, error);
    }
    return got;
}

} // namespace
} // namespace moco

moco_status moco_image_decode(moco_image *image, const void *bytes, size_t count, const char *name)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(name);
    if (count > 0) {
        MOCO_CHECK_ARG(bytes);
    }
    if (image->lazy && image->wanted == 3 && moco::is_jpeg(static_cast<const std::uint8_t *>(bytes), count)) {
        moco::Bytes &file = moco::file_buffer();
        std::memcpy(file.grow(count), bytes, count);
        moco::decode_or_keep(*image, file, count, name);
    } else {
        moco::decode(*image, static_cast<const std::uint8_t *>(bytes), count, name);
    }
    MOCO_API_END
}

moco_status moco_image_read(moco_image *image, const char *path)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(path);
    moco::Bytes &file = moco::file_buffer();
    const std::size_t count = moco::read_file(file, path);
    moco::decode_or_keep(*image, file, count, path);
    MOCO_API_END
}
