/*
 * Fuzzes the decoder of one image format, FUZZ_FORMAT: any bytes must become a picture or an error with a message.
 *
 * One program per format: the formats begin with different bytes, and the slowest would take most of the time.
 */
#include <moco.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *name;
    const char *start; /* of a file */
    size_t count;
} formats[] = {
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

static void require(bool held, const char *what)
{
    if (!held) {
        (void)fprintf(stderr, "not as it should be: %s: %s\n", what, moco_error_message());
        abort();
    }
}

static bool is_of_format(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; ++i) {
        if (strcmp(formats[i].name, FUZZ_FORMAT) == 0 && size >= formats[i].count &&
            memcmp(data, formats[i].start, formats[i].count) == 0) {
            return true;
        }
    }
    return false;
}

static size_t number_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 24U | (size_t)bytes[1] << 16U | (size_t)bytes[2] << 8U | bytes[3];
}

/* Corrects the checksums of a PNG file's chunks, or hardly an input would come further. */
static void repair_sums(uint8_t *file, size_t size)
{
    size_t at = 8;
    while (at + 12 <= size && number_at(file + at) <= size - at - 12) {
        const size_t length = number_at(file + at);
        const uint32_t sum = (uint32_t)crc32(0, file + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; ++i) {
            file[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        }
        at += length + 12;
    }
}

/* Decodes the input as a number of channels. */
static void decode(moco_image *image, int32_t channels, const uint8_t *data, size_t size)
{
    const int32_t width = moco_image_width(image);
    moco_image_set_channels(image, channels);
    const moco_status status = moco_image_decode(image, data, size, "input");
    if (status == MOCO_OK) {
        const int64_t pixels = (int64_t)moco_image_width(image) * moco_image_height(image);
        const bool has_picture = moco_image_pixels(image) != NULL || moco_image_bands(image) != NULL;
        require(pixels > 0 && has_picture && moco_image_channels(image) == channels, "a picture without pixels");
    } else {
        require(status == MOCO_EFORMAT || status == MOCO_ENOMEM, "another status");
        require(strncmp(moco_error_message(), "input: ", 7) == 0 || status == MOCO_ENOMEM, "a message without a name");
        require(moco_image_width(image) == width, "a failure has changed the image");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int32_t others[] = { 1, 2, 4, 5 };
    static moco_image *image;
    if (!is_of_format(data, size)) {
        return 0;
    }
    require(image != NULL || moco_image_create(&image) == MOCO_OK, "no image");
    uint8_t *file = malloc(size); /* of the very size, so that a sanitizer sees a read beyond it */
    require(file != NULL, "out of memory");
    memcpy(file, data, size);
    if (strcmp(FUZZ_FORMAT, "png") == 0) {
        repair_sums(file, size);
    }
    decode(image, 3, file, size);
    decode(image, others[data[size - 1] % 4], file, size);
    free(file);
    return 0;
}
