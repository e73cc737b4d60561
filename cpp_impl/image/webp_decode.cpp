// Decodes WebP files by OpenCV: lossy, lossless, with alpha. Animations are refused.
#include "image/decoders.hpp"

#include <opencv2/core/mat.hpp>
#include <opencv2/imgcodecs.hpp>

#include <cstring>

namespace {

using moco::bad_file;
using u8 = std::uint8_t;

std::uint32_t little_endian32(const u8 *bytes)
{
    return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8U |
           static_cast<std::uint32_t>(bytes[2]) << 16U | static_cast<std::uint32_t>(bytes[3]) << 24U;
}

// Returns a size of the canvas, which is 24 bits.
std::uint32_t canvas_side(const u8 *bytes)
{
    return (little_endian32(bytes - 1) >> 8U) + 1;
}

// Refuses files at which OpenCV would throw, since it prints before it throws.
void check_container(const u8 *bytes, std::size_t count, const char *name)
{
    if (count < 30 || count > INT32_MAX || little_endian32(bytes + 4) > count - 8) {
        bad_file(name, "the WebP file is truncated");
    }
    constexpr unsigned animation = 2;
    constexpr std::uint32_t most_side = 16383; // of a frame
    if (std::memcmp(bytes + 12, "VP8X", 4) != 0) {
        return;
    }
    if ((bytes[20] & animation) != 0) {
        bad_file(name, "animated WebP files are not supported; save a frame as PNG");
    }
    if (canvas_side(bytes + 24) > most_side || canvas_side(bytes + 27) > most_side) {
        bad_file(name, "damaged WebP file: the canvas is larger than a frame can be");
    }
}

} // namespace

void moco::decode_webp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    check_container(bytes, count, name);
    const cv::Mat file(1, static_cast<int>(count), CV_8U, const_cast<u8 *>(bytes)); // only read
    const cv::Mat picture = cv::imdecode(file, cv::IMREAD_UNCHANGED);
    if (picture.empty() || picture.depth() != CV_8U || picture.channels() < 3) {
        bad_file(name, "damaged or unsupported WebP file");
    }
    u8 *to = out.resize(picture.cols, picture.rows, name);
    const int channels = picture.channels();
    for (int y = 0; y < picture.rows; ++y) {
        const u8 *from = picture.ptr<u8>(y);
        for (int x = 0; x < picture.cols; ++x, from += channels, to += 3) {
            to[0] = from[2];
            to[1] = from[1];
            to[2] = from[0];
        }
    }
}
