/*
 * moco-golden: compares libmoco with numbers and pixels of the real reference.
 *
 *     moco-golden [--layout nchw|nhwc] [--threads N] [--steps N] [--slack X] [--verbose]
 *                 CASE.json|pixels/index.json...
 *
 * For a case of several processes the program starts itself once per rank.
 * Exit status: 0 all equal, 1 something differs, 2 bad usage.
 */
#include "golden_case.h"
#include "golden_pixels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    (void)fputs(
        "usage: moco-golden [--layout nchw|nhwc] [--threads N] [--steps N] [--slack X] [--verbose] CASE.json...\n"
        "Compares libmoco with the numbers (cases) and pixels (index.json) of the reference. --steps compares the\n"
        "first N steps only, --slack allows X times the usual tolerances.\n",
        stderr);
    return 2;
}

static int golden_file(const char *path, const golden_options *options)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        printf("FAILED %s: %s (line %d)\n", path, error.text, error.line);
        return 1;
    }
    const int result =
        json_object_get(root, "rows") != NULL ? golden_pixels(path) != 0 : golden_case(path, root, options);
    json_decref(root);
    return result;
}

int main(int argc, char **argv)
{
    golden_options options = { .layout = MOCO_NCHW, .slack = 1, .argv = argv };
    /* The goldens were made with one thread; sums in another order differ by more for deep networks. */
    if (moco_threads_set(1) != MOCO_OK) {
        return usage();
    }
    int first = 1;
    for (; first < argc && strncmp(argv[first], "--", 2) == 0; ++first) {
        if (strcmp(argv[first], "--verbose") == 0) {
            options.verbose = true;
        } else if (strcmp(argv[first], "--layout") == 0 && first + 1 < argc) {
            options.layout = strcmp(argv[++first], "nhwc") == 0 ? MOCO_NHWC : MOCO_NCHW;
        } else if (strcmp(argv[first], "--threads") == 0 && first + 1 < argc) {
            if (moco_threads_set((int32_t)strtol(argv[++first], NULL, 10)) != MOCO_OK) {
                return usage();
            }
        } else if (strcmp(argv[first], "--steps") == 0 && first + 1 < argc) {
            options.steps = (size_t)strtoul(argv[++first], NULL, 10);
        } else if (strcmp(argv[first], "--slack") == 0 && first + 1 < argc) {
            options.slack = strtod(argv[++first], NULL);
        } else {
            return usage();
        }
    }
    if (first == argc) {
        return usage();
    }
    options.option_count = first - 1;
    int failed = 0;
    for (int i = first; i < argc; ++i) {
        failed += golden_file(argv[i], &options) != 0;
    }
    if (moco_live_handles() != 0) {
        printf("FAILED: %zu handles are still alive\n", moco_live_handles());
        failed += 1;
    }
    return failed > 0 ? 1 : 0;
}
