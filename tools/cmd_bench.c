/*
 * moco bench: how fast a part of the work goes here.
 */
#include "bench.h"
#include "output.h"

#include <string.h>

typedef struct bench_part {
    const char *name;
    int (*run)(const bench_options *options, const char *data);
} bench_part;

/* What can be measured; a further part is a file with a function, and a row here. */
static const bench_part parts[] = {
    { "loader", bench_loader },
};

static bench_options values = { .recipe = "v2", .format = "auto", .seconds = 5, .batch = 64, .workers = 1 };

static const moco_option options[] = {
    OPTION_CHOICE("recipe", NULL, "R", "v1|v2", "augmentation: MoCo v1's or v2's", bench_options, recipe),
    OPTION_CHOICE("format", NULL, "F", "auto|folder|flat|idx|cifar", "layout of the data on disk", bench_options,
                  format),
    OPTION_INT("image-size", NULL, 8, 1024, true, "height and width in pixels; auto: the recipe's own", bench_options,
               image_size),
    OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", bench_options, workers),
    OPTION_INT("batch", "b", 1, 65536, false, "images a batch", bench_options, batch),
    OPTION_INT("limit", "n", 0, 1e12, false, "stop after N images; 0: after --seconds", bench_options, limit),
    OPTION_INT("seconds", NULL, 1, 86400, false, "how long to measure", bench_options, seconds),
    OPTION_FLAG("json", NULL, "print the result as JSON", bench_options, json),
};

static int run(const arguments *args)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        if (strcmp(parts[i].name, args->positional[0]) == 0) {
            return parts[i].run(&values, args->positional[1]);
        }
    }
    return say_usage(&command_bench, "'%s' cannot be measured; there is: loader", args->positional[0]);
}

const tool_command command_bench = {
    .name = "bench",
    .synopsis = "loader DATA [options]",
    .summary = "measure how fast images are read and augmented",
    .text =
        "Reads, decodes and augments the images of DATA, two views each, without training on them, and prints files "
        "a second, the CPU time of each stage of the work, and the peak of memory.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 2,
    .max_positionals = 2,
    .run = run,
};
