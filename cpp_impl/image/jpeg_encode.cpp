// Encodes JPEG files with the settings of Image.save(quality=q, optimize=True) in Pillow: baseline, 4:2:0, slow integer
// DCT.
//
// libjpeg reports errors by longjmp, so compress() holds no object with a destructor.
#include "image/image.hpp"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <jpeglib.h>

namespace {

struct Writer {
    jpeg_error_mgr error; // first, since libjpeg passes its address to fail()
    std::jmp_buf on_error;
    jpeg_compress_struct jpeg;
    unsigned char *bytes; // allocated by malloc()
    unsigned long count;
    char message[JMSG_LENGTH_MAX];
};

void fail(j_common_ptr jpeg)
{
    auto *writer = reinterpret_cast<Writer *>(jpeg->err);
    jpeg->err->format_message(jpeg, writer->message);
    std::longjmp(writer->on_error, 1);
}

bool compress(Writer &writer, const std::uint8_t *pixels, std::int32_t width, std::int32_t height, int quality)
{
    jpeg_compress_struct &jpeg = writer.jpeg;
    jpeg.err = jpeg_std_error(&writer.error);
    writer.error.error_exit = fail;
    if (setjmp(writer.on_error) != 0) { // NOLINT: libjpeg reports errors in no other way
        return false;
    }
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &writer.bytes, &writer.count);
    jpeg.image_width = static_cast<JDIMENSION>(width);
    jpeg.image_height = static_cast<JDIMENSION>(height);
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.optimize_coding = TRUE;
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        auto *row = const_cast<JSAMPLE *>(pixels + std::size_t{ jpeg.next_scanline } * jpeg.image_width * 3);
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    return true;
}

} // namespace

moco_status moco_image_encode_jpeg(const uint8_t **bytes, size_t *count, const moco_image *image, int32_t quality)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(bytes);
    MOCO_CHECK_ARG(count);
    MOCO_CHECK_ARG(image);
    moco::refuse_bands(__func__, image);
    const std::int32_t width = moco_image_width(image);
    const std::int32_t height = moco_image_height(image);
    const std::uint8_t *pixels = width > 0 ? image->rgb() : nullptr; // decodes what waits for it, and may throw
    if (quality < 1 || quality > 100) {
        throw moco::Error(MOCO_EINVALID,
                          "moco_image_encode_jpeg: quality " + std::to_string(quality) + " is not 1 to 100");
    }
    if (width < 1 || width > JPEG_MAX_DIMENSION || height > JPEG_MAX_DIMENSION || pixels == nullptr) {
        throw moco::Error(MOCO_EINVALID, "moco_image_encode_jpeg: size " + std::to_string(width) + " x " +
                                             std::to_string(height) + " is empty or has a side above " +
                                             std::to_string(JPEG_MAX_DIMENSION) + " pixels");
    }
    thread_local moco::Bytes encoded;
    Writer writer = {};
    const bool done = compress(writer, pixels, width, height, quality);
    jpeg_destroy_compress(&writer.jpeg);
    const std::unique_ptr<unsigned char, decltype(&std::free)> owner(writer.bytes, &std::free);
    if (!done) {
        throw moco::Error(MOCO_EINTERNAL, std::string("moco_image_encode_jpeg: ") + writer.message);
    }
    std::memcpy(encoded.grow(writer.count), writer.bytes, writer.count);
    *bytes = encoded.data();
    *count = writer.count;
    MOCO_API_END
}
