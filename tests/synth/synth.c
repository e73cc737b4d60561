/*
 * moco-synth: a folder of ImageNet-like JPEG files for benchmarks.
 *
 *     moco-synth OUT [COUNT [CLASSES [SEED]]]
 *
 * Writes OUT/class_C/N.jpg, COUNT files (500) in CLASSES classes (10), from a SEED (1).
 */
#include "synth_jpeg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int failed(const char *path)
{
    (void)fprintf(stderr, "moco-synth: %s: %s\n", path, strerror(errno));
    return EXIT_FAILURE;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static bool write_file(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    const bool whole = file != NULL && fwrite(bytes, 1, size, file) == size;
    return file != NULL && fclose(file) == 0 && whole;
}

int main(int argc, char **argv)
{
    const long count = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
    const long classes = argc > 3 ? strtol(argv[3], NULL, 10) : 10;
    const unsigned long seed = argc > 4 ? strtoul(argv[4], NULL, 10) : 1;
    if (argc < 2 || argc > 5 || argv[1][0] == '-' || count < 1 || classes < 1 || classes > 10000) {
        (void)fprintf(stderr, "usage: moco-synth OUT [COUNT [CLASSES [SEED]]]\n");
        return 2;
    }
    double bytes = 0;
    double pixels = 0;
    char path[4096];
    if (!make_folder(argv[1])) {
        return failed(argv[1]);
    }
    for (long i = 0; i < count; ++i) {
        const synth_image image = synth_photo(seed, (uint64_t)i, (int)(i % classes));
        size_t size = 0;
        unsigned char *file = synth_jpeg(&size, &image);
        (void)snprintf(path, sizeof path, "%s/class_%ld", argv[1], i % classes);
        const bool made = file != NULL && make_folder(path);
        (void)snprintf(path, sizeof path, "%s/class_%ld/%06ld.jpg", argv[1], i % classes, i);
        const bool written = made && write_file(path, file, size);
        free(file);
        if (!written) {
            return failed(path);
        }
        bytes += (double)size / (double)count;
        pixels += (double)image.width * (double)image.height / (double)count;
    }
    printf("%ld files, %.1f KB and %.0f pixels on average\n", count, bytes / 1e3, pixels);
    return EXIT_SUCCESS;
}
