// Fuzzes the decoder of one image format, FUZZ_FORMAT: any bytes must become a picture or an error with a message.
//
// One program per format: the formats begin with different bytes, and the slowest would take most of the time.
#include <moco.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <vector>
#include <zlib.h>

namespace {

struct Format {
    const char *name;
    const char *start; // of a file
    std::size_t count;
};

constexpr Format formats[] = {
    { "png", "\x89PNG\r\n\x1A\n", 8 },
    { "bmp", "BM", 2 },
    { "webp", "RIFF", 4 },
    { "tiff", "II*\0", 4 },
    { "tiff", "MM\0*", 4 },
    { "tiff", "II+\0", 4 },
    { "tiff", "MM\0+", 4 },
    { "netpbm", "P", 1 },
    { "npy", "\x93NUMPY", 6 },
};

void require(bool held, const char *what)
{
    if (!held) {
        (void)std::fprintf(stderr, "not as it should be: %s: %s\n", what, moco_error_message());
        std::abort();
    }
}

bool is_of_format(const std::uint8_t *data, std::size_t size)
{
    for (const Format &format : formats) {
        if (std::strcmp(format.name, FUZZ_FORMAT) == 0 && size >= format.count &&
            std::memcmp(data, format.start, format.count) == 0) {
            return true;
        }
    }
    return false;
}

// Corrects the checksums of a PNG file's chunks, or hardly an input would come further.
void repair_sums(std::vector<std::uint8_t> &file)
{
    const auto number = [&](std::size_t at) {
        return std::size_t{ file[at] } << 24U | std::size_t{ file[at + 1] } << 16U | std::size_t{ file[at + 2] } << 8U |
               file[at + 3];
    };
    for (std::size_t at = 8; at + 12 <= file.size() && number(at) <= file.size() - at - 12; at += number(at) + 12) {
        const auto length = static_cast<uInt>(number(at) + 4);
        const auto sum = crc32(0, &file[at + 4], length);
        for (std::size_t i = 0; i < 4; ++i) {
            file[at + 4 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
        }
    }
}

moco_image *new_image()
{
    moco_image *image = nullptr;
    require(moco_image_create(&image) == MOCO_OK, "no image");
    return image;
}

// Decodes the input as a number of channels.
void decode(moco_image *image, std::int32_t channels, const std::uint8_t *data, std::size_t size)
{
    const std::int32_t width = moco_image_width(image);
    moco_image_set_channels(image, channels);
    const moco_status status = moco_image_decode(image, data, size, "input");
    if (status == MOCO_OK) {
        const std::int64_t pixels = std::int64_t{ moco_image_width(image) } * moco_image_height(image);
        const bool has_picture = moco_image_pixels(image) != nullptr || moco_image_bands(image) != nullptr;
        require(pixels > 0 && has_picture && moco_image_channels(image) == channels, "a picture without pixels");
    } else {
        require(status == MOCO_EFORMAT || status == MOCO_ENOMEM, "another status");
        require(std::strncmp(moco_error_message(), "input: ", 7) == 0 || status == MOCO_ENOMEM,
                "a message without a name");
        require(moco_image_width(image) == width, "a failure has changed the image");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static moco_image *image = new_image();
    if (!is_of_format(data, size)) {
        return 0;
    }
    constexpr std::int32_t others[] = { 1, 2, 4, 5 };
    std::vector<std::uint8_t> file(data, data + size);
    if (std::strcmp(FUZZ_FORMAT, "png") == 0) {
        repair_sums(file);
    }
    decode(image, 3, file.data(), size);
    decode(image, others[data[size - 1] % std::size(others)], file.data(), size);
    return 0;
}
