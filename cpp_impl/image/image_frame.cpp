// Takes pixels from memory, in the layouts that cameras and files have.
#include "image/image.hpp"

#include <opencv2/imgproc.hpp>

#include <cstring>

namespace {

struct Format {
    const char *name;
    int bytes;      // per place of a row
    int conversion; // of OpenCV, to RGB; -1: none is needed
    int half_rows;  // rows in memory for two rows of the picture, with those of chroma or other planes
    bool even_width;
};

constexpr Format formats[] = {
    { "MOCO_FRAME_GREY", 1, -1, 2, false },
    { "MOCO_FRAME_RGB", 3, -1, 2, false },
    { "MOCO_FRAME_BGR", 3, cv::COLOR_BGR2RGB, 2, false },
    { "MOCO_FRAME_RGBA", 4, cv::COLOR_RGBA2RGB, 2, false },
    { "MOCO_FRAME_BGRA", 4, cv::COLOR_BGRA2RGB, 2, false },
    { "MOCO_FRAME_NV12", 1, cv::COLOR_YUV2RGB_NV12, 3, true },
    { "MOCO_FRAME_YUYV", 2, cv::COLOR_YUV2RGB_YUYV, 2, true },
    { "MOCO_FRAME_PLANAR", 1, -1, 6, false },
};

// A picture in memory.
struct Frame {
    std::int32_t width, height;
    std::size_t row, stride, rows; // bytes of a row, bytes to the next, and number of rows
    const std::uint8_t *pixels;
};

const Format &format_of(moco_frame_format format)
{
    const auto index = static_cast<std::size_t>(format);
    if (index >= std::size(formats)) {
        throw moco::Error(MOCO_EINVALID, "format " + std::to_string(static_cast<int>(format)) +
                                             " is not a moco_frame_format; use MOCO_FRAME_GREY to MOCO_FRAME_PLANAR");
    }
    return formats[index];
}

Frame checked_frame(const Format &f, std::int32_t width, std::int32_t height, std::size_t stride,
                    const std::uint8_t *pixels)
{
    const bool even_height = f.half_rows % 2 != 0;
    if ((f.even_width && width % 2 != 0) || (even_height && height % 2 != 0)) {
        throw moco::Error(MOCO_EINVALID, "size " + std::to_string(width) + " x " + std::to_string(height) +
                                             " is odd; a frame of " + f.name + " has an even width" +
                                             (even_height ? " and height" : ""));
    }
    const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(f.bytes);
    if (stride != 0 && stride < row) {
        throw moco::Error(MOCO_EINVALID, "stride " + std::to_string(stride) + " is less than a row of " +
                                             std::to_string(row) + " bytes; use 0 for rows without a gap");
    }
    const std::size_t rows = static_cast<std::size_t>(height) * static_cast<std::size_t>(f.half_rows) / 2;
    if (stride > PTRDIFF_MAX / rows) {
        throw moco::Error(MOCO_EINVALID, "stride " + std::to_string(stride) + " reaches beyond any memory");
    }
    return { width, height, row, stride != 0 ? stride : row, rows, pixels };
}

void copy_rows(std::uint8_t *to, const Frame &frame)
{
    if (frame.stride == frame.row) {
        std::memcpy(to, frame.pixels, frame.row * frame.rows);
        return;
    }
    for (std::size_t y = 0; y < frame.rows; ++y) {
        std::memcpy(to + y * frame.row, frame.pixels + y * frame.stride, frame.row);
    }
}

// Sets bands of grey or RGB bytes, as many as the image wants.
void set_bands(moco_image &image, const Frame &frame, int channels)
{
    moco::Bands &made = image.bands_room();
    const auto width = static_cast<std::size_t>(frame.width);
    const auto step = static_cast<std::size_t>(channels);
    made.shape(frame.width, frame.height, channels, moco::Depth::bytes);
    for (std::size_t c = 0; c < step; ++c) {
        for (std::size_t y = 0; y < frame.rows; ++y) {
            moco::to_floats(made.plane(c) + y * width, frame.pixels + y * frame.stride + c, width, step,
                            { moco::Sample::u8, 1, false });
        }
    }
    moco::fit_bands(made, image.wanted, /*has_alpha=*/false, "moco_image_set");
    image.give_bands();
}

void set_grey(moco_image &image, const Frame &frame)
{
    const std::size_t count = frame.row * frame.rows;
    std::uint8_t *to = image.room(count * 3);
    if (image.fast) {
        copy_rows(to, frame);
        image.give_ycc(frame.width, frame.height, moco::ycc_layout(to, frame.width, frame.height, true, false));
        return;
    }
    for (std::size_t y = 0; y < frame.rows; ++y) {
        for (std::size_t x = 0; x < frame.row; ++x, to += 3) {
            to[0] = to[1] = to[2] = frame.pixels[y * frame.stride + x];
        }
    }
    image.give_rgb(frame.width, frame.height);
}

void convert(moco_image &image, const Frame &frame, const Format &f)
{
    const cv::Mat from(static_cast<int>(frame.rows), frame.width, CV_8UC(f.bytes),
                       const_cast<std::uint8_t *>(frame.pixels), frame.stride); // only read
    const auto count = static_cast<std::size_t>(frame.width) * static_cast<std::size_t>(frame.height);
    cv::Mat to(frame.height, frame.width, CV_8UC3, image.room(count * 3));
    cv::cvtColor(from, to, f.conversion);
    image.give_rgb(frame.width, frame.height);
}

} // namespace

moco_status moco_image_set(moco_image *image, moco_frame_format format, int32_t width, int32_t height, size_t stride,
                           const uint8_t *pixels)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(image);
    MOCO_CHECK_ARG(pixels);
    moco::check_image_size(__func__, width, height);
    const Format &f = format_of(format);
    const Frame frame = checked_frame(f, width, height, stride, pixels);
    const bool interleaved = format == MOCO_FRAME_GREY || format == MOCO_FRAME_RGB;
    if (interleaved && image->wanted != 3) {
        set_bands(*image, frame, f.bytes);
        return MOCO_OK;
    }
    image->expect_rgb(__func__);
    if (format == MOCO_FRAME_GREY) {
        set_grey(*image, frame);
    } else if (f.conversion >= 0) {
        convert(*image, frame, f);
    } else {
        copy_rows(image->room(frame.row * frame.rows), frame);
        if (format == MOCO_FRAME_PLANAR) {
            image->give_planes(width, height);
        } else {
            image->give_rgb(width, height);
        }
    }
    image->settle();
    MOCO_API_END
}
