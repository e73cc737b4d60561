// Tells image files apart by their first bytes, reads them from the disk, and decodes them to RGB.
#include "image/image.hpp"

#include "base/files_internal.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moco {

void bad_file(const char *name, const std::string &what)
{
    throw Error(MOCO_EFORMAT, std::string(name) + ": " + what);
}

void Pixels::set_size(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    if (new_width < 1 || new_height < 1 || new_width > max_image_pixels / new_height) {
        bad_file(name, "size " + std::to_string(new_width) + " x " + std::to_string(new_height) + " is outside 1 to " +
                           std::to_string(max_image_pixels) + " pixels");
    }
    width = static_cast<std::int32_t>(new_width);
    height = static_cast<std::int32_t>(new_height);
}

std::uint8_t *Pixels::resize(std::int64_t new_width, std::int64_t new_height, const char *name)
{
    set_size(new_width, new_height, name);
    return bytes.grow(static_cast<std::size_t>(new_width * new_height) * 3);
}

namespace {

bool starts_with(const std::uint8_t *bytes, std::size_t count, const char *magic, std::size_t length)
{
    return count >= length && std::memcmp(bytes, magic, length) == 0;
}

bool is_jpeg(const std::uint8_t *bytes, std::size_t count)
{
    return starts_with(bytes, count, "\xFF\xD8\xFF", 3);
}

void decode(moco_image &image, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    Pixels out{ .bytes = image.spare() };
    if (count == 0) {
        bad_file(name, "the file is empty");
    }
    if (is_jpeg(bytes, count)) {
        (void)decode_jpeg(out, {}, bytes, count, name);
    } else if (starts_with(bytes, count, "\x89PNG\r\n\x1A\n", 8)) {
        decode_png(out, bytes, count, name);
    } else if (starts_with(bytes, count, "BM", 2)) {
        decode_bmp(out, bytes, count, name);
    } else if (starts_with(bytes, count, "II*\0", 4) || starts_with(bytes, count, "MM\0*", 4)) {
        decode_tiff(out, bytes, count, name);
    } else if (starts_with(bytes, count, "RIFF", 4) && count >= 12 && std::memcmp(bytes + 8, "WEBP", 4) == 0) {
        decode_webp(out, bytes, count, name);
    } else {
        bad_file(name, "not an image file that is known (JPEG, PNG, WebP, BMP, TIFF)");
    }
    image.give_rgb(out.width, out.height);
}

// Decodes a file, or puts a JPEG file by where the image is lazy; then @p file becomes the image's.
void decode_or_keep(moco_image &image, Bytes &file, std::size_t count, const char *name)
{
    if (!image.lazy || !is_jpeg(file.data(), count)) {
        decode(image, file.data(), count, name);
        return;
    }
    Pixels size{ .bytes = image.spare() };
    read_jpeg_size(size, file.data(), count, name);
    image.give_file(size.width, size.height, file, count, name);
}

// The file in hand; a thread's, since images come and go.
Bytes &file_buffer()
{
    thread_local Bytes bytes;
    return bytes;
}

class Descriptor {
  public:
    explicit Descriptor(const char *path) : value_(open(path, O_RDONLY | O_CLOEXEC)) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (value_ >= 0) {
            (void)close(value_);
        }
    }
    [[nodiscard]] int value() const { return value_; }

  private:
    int value_;
};

[[noreturn]] void cannot_read(const char *path, int error)
{
    throw Error(MOCO_EIO, std::string(path) + ": cannot be read: " + std::strerror(error));
}

// The whole file; a file that shrinks while it is read counts as truncated.
std::size_t read_file(Bytes &bytes, const char *path)
{
    const Descriptor file(path);
    struct stat status = {};
    if (file.value() < 0 || fstat(file.value(), &status) != 0) {
        cannot_read(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error(MOCO_EIO, std::string(path) + ": cannot be read: it is not a regular file");
    }
    const auto count = static_cast<std::size_t>(status.st_size);
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
    if (image->lazy && moco::is_jpeg(static_cast<const std::uint8_t *>(bytes), count)) {
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
