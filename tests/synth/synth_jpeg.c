/* Draws smooth colour, shapes with sharp edges, texture of several scales and grain, as photographs have them. */
#include "synth_jpeg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Value noise: a lattice of random bytes with (1 << shift) pixels between its points, interpolated. */
typedef struct synth_noise {
    uint64_t key;
    int shift;
    int corner[4]; /* of the cell that the last pixel lies in */
} synth_noise;

/* The value at a pixel, -128..127. Rows are read from their start, pixel by pixel. */
static int noise_at(synth_noise *noise, int x, int y)
{
    const int shift = noise->shift;
    const int mask = (1 << shift) - 1;
    const int fx = x & mask;
    const int fy = y & mask;
    const int *corner = noise->corner;
    for (unsigned i = 0; fx == 0 && i < 4; ++i) {
        const uint64_t column = (uint64_t)(x >> shift) + i % 2;
        const uint64_t row = (uint64_t)(y >> shift) + i / 2;
        noise->corner[i] = (int)(mix(noise->key + column + (row << 20)) >> 56) - 128;
    }
    const int above = corner[0] * (mask + 1 - fx) + corner[1] * fx;
    const int below = corner[2] * (mask + 1 - fx) + corner[3] * fx;
    return (above * (mask + 1 - fy) + below * fy) / (1 << (2 * shift));
}

typedef struct synth_shape {
    int kind; /* an ellipse, a rectangle or a stripe, as the class has them */
    int x, y, rx, ry;
    int lean; /* of a stripe: 1 or -1 */
    int rgb[3];
} synth_shape;

/* The n-th shape of an image: its colour is of the class's palette, with a shade of the image's own. */
static synth_shape shape_of(const synth_image *image, unsigned n)
{
    const unsigned at = 100 + 8 * n;
    const uint64_t palette = mix((uint64_t)image->label * 31 + n % 2);
    synth_shape made = { .kind = (int)(((unsigned)image->label + n / 3) % 3),
                         .x = draw(image->key, at, image->width),
                         .y = draw(image->key, at + 1, image->height),
                         .rx = 12 + draw(image->key, at + 2, 1 + image->width / 4),
                         .ry = 12 + draw(image->key, at + 3, 1 + image->height / 4),
                         .lean = n % 2 == 0 ? 1 : -1 };
    for (int c = 0; c < 3; ++c) {
        made.rgb[c] = (int)((palette >> (8 * c)) & 255) + draw(image->key, 200 + n * 3 + (unsigned)c, 61) - 30;
    }
    return made;
}

static int is_inside(const synth_shape *shape, int x, int y)
{
    const int dx = x - shape->x;
    const int dy = y - shape->y;
    const int rx = shape->rx;
    const int ry = shape->ry;
    switch (shape->kind) {
    case 0:
        return (long)dx * dx * ry * ry + (long)dy * dy * rx * rx < (long)rx * rx * ry * ry;
    case 1:
        return abs(dx) < rx && abs(dy) < ry;
    default:
        return (dx + dy * shape->lean) % (2 * rx) > rx && abs(dy) < 2 * ry;
    }
}

/* What the pixels of an image are computed from. */
typedef struct synth_scene {
    uint64_t key;
    int grain;
    synth_noise colour[3];
    synth_noise texture[OCTAVES];
    synth_shape shapes[SHAPES];
} synth_scene;

static synth_scene scene_of(const synth_image *image)
{
    synth_scene made = { .key = image->key, .grain = image->grain };
    for (unsigned c = 0; c < 3; ++c) {
        made.colour[c] = (synth_noise){ .key = image->key + (c + 1) * UINT64_C(7919), .shift = LATTICE_BITS - 1 };
    }
    for (unsigned i = 0; i < OCTAVES; ++i) {
        made.texture[i] = (synth_noise){ .key = image->key + (i + 1) * UINT64_C(104729), .shift = (int)i + 1 };
    }
    for (unsigned n = 0; n < SHAPES; ++n) {
        made.shapes[n] = shape_of(image, n);
    }
    return made;
}

static void paint_pixel(unsigned char *out, synth_scene *scene, int x, int y)
{
    int rgb[3];
    for (int c = 0; c < 3; ++c) {
        rgb[c] = 128 + noise_at(&scene->colour[c], x, y) * 3 / 4;
    }
    for (unsigned n = 0; n < SHAPES; ++n) {
        if (is_inside(&scene->shapes[n], x, y)) {
            memcpy(rgb, scene->shapes[n].rgb, sizeof rgb);
        }
    }
    int texture = 0;
    for (int i = 0; i < OCTAVES; ++i) {
        texture += noise_at(&scene->texture[i], x, y) * (i + 3) / 40;
    }
    const uint64_t grain = mix(scene->key + (uint64_t)x + ((uint64_t)y << 24));
    for (int c = 0; c < 3; ++c) {
        const int own = ((int)((grain >> (8 * c)) & 255) - 128) * scene->grain / 512;
        const int shared = ((int)(grain >> 56) - 128) * scene->grain / 128;
        const int value = rgb[c] + texture + shared + own;
        out[c] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

unsigned char *synth_pixels(const synth_image *image)
{
    unsigned char *pixels = malloc((size_t)image->width * (size_t)image->height * 3);
    synth_scene scene = scene_of(image);
    for (int y = 0; pixels != NULL && y < image->height; ++y) {
        for (int x = 0; x < image->width; ++x) {
            paint_pixel(pixels + ((size_t)y * (size_t)image->width + (size_t)x) * 3, &scene, x, y);
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
