// Pastes images into others, and writes PNG files.
#include "image/image.hpp"

#include <opencv2/core/mat.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

void check_not_empty(const char *function, const moco_image *image)
{
    if (image == nullptr || image->width == 0) {
        throw moco::Error(MOCO_EINVALID,
                          std::string(function) + ": the image is NULL or empty; decode, set or fill it first");
    }
}

class File {
  public:
    File(std::string path, std::string target) : path_(std::move(path)), target_(std::move(target))
    {
        descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ < 0) {
            fail("cannot be created");
        }
    }
    File(const File &) = delete;
    File &operator=(const File &) = delete;
    ~File()
    {
        if (descriptor_ >= 0) {
            (void)close(descriptor_);
            (void)unlink(path_.c_str());
        }
    }
    void write_all(const std::vector<std::uint8_t> &bytes)
    {
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t wrote = write(descriptor_, bytes.data() + done, bytes.size() - done);
            if (wrote < 0 && errno != EINTR) {
                fail("cannot be written");
            }
            done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
        }
    }
    // Gives the file its name once all of it is on the disk.
    void publish()
    {
        if (fsync(descriptor_) != 0 || rename(path_.c_str(), target_.c_str()) != 0) {
            fail("cannot be written");
        }
        (void)close(descriptor_);
        descriptor_ = -1;
    }

  private:
    [[noreturn]] void fail(const char *what) const
    {
        const int error = errno;
        throw moco::Error(MOCO_EIO, target_ + ": " + what + ": " + std::strerror(error));
    }
    std::string path_;
    std::string target_;
    int descriptor_ = -1;
};

} // namespace

moco_status moco_image_write_png(const moco_image *image, const char *path)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(path);
    check_not_empty(__func__, image);
    cv::Mat reversed(image->height, image->width, CV_8UC3);
    const std::uint8_t *from = image->rgb();
    for (std::size_t i = 0; i < image->count(); i += 3) {
        std::reverse_copy(from + i, from + i + 3, reversed.data + i);
    }
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".png", reversed, bytes)) {
        throw moco::Error(MOCO_EINTERNAL, std::string(path) + ": OpenCV could not encode the PNG file");
    }
    static std::atomic<unsigned> serial{ 0 };
    const std::string suffix = ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(serial++);
    File file(path + suffix, path);
    file.write_all(bytes);
    file.publish();
    MOCO_API_END
}

moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y, int32_t zoom)
{
    MOCO_API_BEGIN
    check_not_empty(__func__, image);
    check_not_empty(__func__, source);
    if (zoom < 1 || image == source) {
        throw moco::Error(MOCO_EINVALID, "moco_image_paste: zoom " + std::to_string(zoom) +
                                             "; give at least 1, and two different images");
    }
    const auto end_of = [zoom](std::int32_t start, std::int32_t size, std::int32_t limit) {
        return static_cast<std::int32_t>(
            std::min(std::int64_t{ start } + std::int64_t{ size } * zoom, std::int64_t{ limit }));
    };
    const std::int32_t bottom = end_of(y, source->height, image->height);
    const std::int32_t right = end_of(x, source->width, image->width);
    for (std::int32_t to_y = std::max(y, 0); to_y < bottom; ++to_y) {
        const std::uint8_t *from = source->row(static_cast<std::int32_t>((std::int64_t{ to_y } - y) / zoom));
        std::uint8_t *to = image->row(to_y);
        for (std::int32_t to_x = std::max(x, 0); to_x < right; ++to_x) {
            std::memcpy(to + static_cast<std::size_t>(to_x) * 3,
                        from + static_cast<std::size_t>((std::int64_t{ to_x } - x) / zoom) * 3, 3);
        }
    }
    MOCO_API_END
}
