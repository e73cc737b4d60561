/* Draws smooth colour, shapes with sharp edges, texture of several scales and grain, as photographs have them. */
#include "synth_jpeg.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

enum { LATTICE_BITS = 8, OCTAVES = 5, SHAPES = 7 };

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* The n-th number of an image, below a bound. */
static int draw(uint64_t key, unsigned n, int bound)
{
    return (int)((mix(key ^ ((uint64_t)n << 40)) >> 11) % (uint64_t)bound);
}

synth_image synth_photo(uint64_t seed, uint64_t index, int label)
{
    static const int sizes[][2] = { { 500, 375 }, { 500, 375 }, { 500, 375 }, { 500, 375 }, { 375, 500 },
                                    { 375, 500 }, { 500, 333 }, { 333, 500 }, { 500, 500 }, { 480, 360 } };
    synth_image image = { .key = mix(mix(seed) + index), .label = label, .subsampling = 2 };
    const unsigned kind = (unsigned)draw(image.key, 0, 13);
    if (kind < sizeof sizes / sizeof sizes[0]) {
        image.width = sizes[kind][0];
        image.height = sizes[kind][1];
    } else {
        image.width = 320 + draw(image.key, 1, 400);
        image.height = 250 + draw(image.key, 2, 330);
    }
    image.quality = 90 + draw(image.key, 3, 8);
    image.grain = 10 + draw(image.key, 4, 28);
    return image;
}

/* Value noise, -128..127: a lattice of random bytes with (1 << shift) pixels between its points, interpolated. */
static int noise(uint64_t key, int x, int y, int shift)
{
    const int mask = (1 << shift) - 1;
    const uint64_t column = (uint64_t)(x >> shift);
    const uint64_t row = (uint64_t)(y >> shift);
    int corner[4];
    for (unsigned i = 0; i < 4; ++i) {
        corner[i] = (int)(mix(key + (column + i % 2) + ((row + i / 2) << 20)) >> 56) - 128;
    }
    const int fx = x & mask;
    const int fy = y & mask;
    const int above = corner[0] * (mask + 1 - fx) + corner[1] * fx;
    const int below = corner[2] * (mask + 1 - fx) + corner[3] * fx;
    return (above * (mask + 1 - fy) + below * fy) / (1 << (2 * shift));
}

/* Whether a pixel lies in the n-th shape: an ellipse, a rectangle or a stripe, as the class has them. */
static int inside(const synth_image *image, unsigned n, int x, int y)
{
    const unsigned at = 100 + 8 * n;
    const int dx = x - draw(image->key, at, image->width);
    const int dy = y - draw(image->key, at + 1, image->height);
    const int rx = 12 + draw(image->key, at + 2, 1 + image->width / 4);
    const int ry = 12 + draw(image->key, at + 3, 1 + image->height / 4);
    switch (((unsigned)image->label + n / 3) % 3) {
    case 0:
        return (long)dx * dx * ry * ry + (long)dy * dy * rx * rx < (long)rx * rx * ry * ry;
    case 1:
        return abs(dx) < rx && abs(dy) < ry;
    default:
        return (dx + (n % 2 == 0 ? dy : -dy)) % (2 * rx) > rx && abs(dy) < 2 * ry;
    }
}

/* Adds the shapes' colours: the class's palette, with a shade of the image's own. */
static void paint_shapes(int rgb[3], const synth_image *image, int x, int y)
{
    for (unsigned n = 0; n < SHAPES; ++n) {
        if (inside(image, n, x, y)) {
            const uint64_t palette = mix((uint64_t)image->label * 31 + n % 2);
            for (int c = 0; c < 3; ++c) {
                rgb[c] = (int)((palette >> (8 * c)) & 255) + draw(image->key, 200 + n * 3 + (unsigned)c, 61) - 30;
            }
        }
    }
}

static void paint_pixel(unsigned char *out, const synth_image *image, int x, int y)
{
    int rgb[3];
    for (int c = 0; c < 3; ++c) {
        rgb[c] = 128 + noise(image->key + (uint64_t)(c + 1) * 7919, x, y, LATTICE_BITS - 1) * 3 / 4;
    }
    paint_shapes(rgb, image, x, y);
    int texture = 0;
    for (int octave = 1; octave <= OCTAVES; ++octave) {
        texture += noise(image->key + (uint64_t)octave * 104729, x, y, octave) * (octave + 2) / 40;
    }
    const uint64_t grain = mix(image->key + (uint64_t)x + ((uint64_t)y << 24));
    for (int c = 0; c < 3; ++c) {
        const int own = ((int)((grain >> (8 * c)) & 255) - 128) * image->grain / 512;
        const int shared = ((int)(grain >> 56) - 128) * image->grain / 128;
        const int value = rgb[c] + texture + shared + own;
        out[c] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

unsigned char *synth_pixels(const synth_image *image)
{
    unsigned char *pixels = malloc((size_t)image->width * (size_t)image->height * 3);
    for (int y = 0; pixels != NULL && y < image->height; ++y) {
        for (int x = 0; x < image->width; ++x) {
            paint_pixel(pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3, image, x, y);
        }
    }
    return pixels;
}

static void set_format(struct jpeg_compress_struct *jpeg, const synth_image *image)
{
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, image->quality, TRUE);
    if (image->grey) {
        jpeg_set_colorspace(jpeg, JCS_GRAYSCALE);
    } else {
        jpeg->comp_info[0].h_samp_factor = image->subsampling > 0 ? 2 : 1;
        jpeg->comp_info[0].v_samp_factor = image->subsampling > 1 ? 2 : 1;
    }
    jpeg->restart_in_rows = image->restart;
    if (image->progressive) {
        jpeg_simple_progression(jpeg);
    }
}

unsigned char *synth_jpeg(size_t *size, const synth_image *image)
{
    unsigned char *pixels = synth_pixels(image);
    unsigned char *file = NULL;
    unsigned long length = 0;
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr error;
    if (pixels == NULL) {
        return NULL;
    }
    jpeg.err = jpeg_std_error(&error);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &length);
    set_format(&jpeg, image);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = pixels + (size_t)jpeg.next_scanline * (size_t)image->width * 3;
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(pixels);
    *size = length;
    return file;
}
