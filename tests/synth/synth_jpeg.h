/* Draws photograph-like JPEG files from a seed, in integers alone: the same pixels on every machine. */
#ifndef MOCO_TESTS_SYNTH_JPEG_H
#define MOCO_TESTS_SYNTH_JPEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an image looks like; all of it follows from seed, index and class unless set after synth_photo(). */
typedef struct synth_image {
    uint64_t key;
    int width, height;
    int label;       /* chooses the palette and the shapes */
    int grain;       /* amplitude of the finest noise: the file's size follows from it */
    int quality;     /* of the JPEG file, 1..100 */
    int subsampling; /* of chroma: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0 */
    int progressive;
    int grey;
    int restart; /* rows of blocks between restart markers; 0: none */
} synth_image;

/* An ImageNet-like photograph: 477 x 406 pixels and 115 KB on average, 4:2:0. */
synth_image synth_photo(uint64_t seed, uint64_t index, int label);

/* The pixels, height x width x 3; free() them. NULL: out of memory. */
unsigned char *synth_pixels(const synth_image *image);

/* The JPEG file's bytes; free() them. NULL: out of memory. */
unsigned char *synth_jpeg(size_t *size, const synth_image *image);

#ifdef __cplusplus
}
#endif

#endif
