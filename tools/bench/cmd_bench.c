/*
 * moco bench: how fast a part of the work goes here.
 */
#include "bench/bench.h"
#include "cli/output.h"
#include "commands/commands.h"

#include <string.h>

typedef struct bench_part {
    const char *name;
    bool takes_data;
    int (*run)(const bench_options *options, const char *data);
} bench_part;

/* What can be measured; a further part is a file with a function, and a row here. */
static const bench_part parts[] = {
    { "loader", true, bench_loader },
    { "step", false, bench_step },
    { "train", true, bench_train },
};

static bench_options values = {
    .recipe = "v2",
    .format = "auto",
    .augment_precision = "exact",
    .seconds = 5,
    .workers = 1,
    .arch = "resnet50",
    .precision = "auto",
    .layout = "auto",
    .device = "cpu",
    .dim = 128,
    .queue_size = 65536,
    .bn_splits = 1,
    .steps = 3,
    .repeats = 5,
    .warmup = 2,
};

static const moco_option options[] = {
    OPTION_CHOICE("recipe", NULL, "R", "v1|v2|cifar|fashion-mnist", "augmentation", bench_options, recipe),
    OPTION_CHOICE("augment-precision", NULL, "P", "exact|fast", "pixels of the augmentation: PIL's, or quick ones",
                  bench_options, augment_precision),
    OPTION_CHOICE("format", NULL, "F", "auto|folder|flat|idx|cifar|tar", "layout of the data on disk", bench_options,
                  format),
    OPTION_INT("image-size", "size", 8, 1024, true, "height and width in pixels; auto: the recipe's own, step: 224",
               bench_options, image_size),
    OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", bench_options, workers),
    OPTION_INT("batch", "b", 1, 65536, true, "images a batch; auto: loader 64, step and train 32", bench_options,
               batch),
    OPTION_INT("limit", "n", 0, 1e12, false, "loader: stop after N images; 0: after --seconds", bench_options, limit),
    OPTION_INT("seconds", NULL, 1, 86400, false, "loader: how long to measure", bench_options, seconds),
    OPTION_TEXT("arch", "a", "NAME", "network", bench_options, arch),
    OPTION_INT("dim", NULL, 1, 65536, false, "size of the embedding", bench_options, dim),
    OPTION_FLAG("mlp", NULL, "MLP head (v2) in place of a linear one (v1)", bench_options, mlp),
    OPTION_FLAG("cifar-stem", NULL, "3x3 stride-1 first convolution without pooling", bench_options, cifar_stem),
    OPTION_INT("bn-splits", "splits", 1, 4096, false, "groups that a batch is normalised in", bench_options, bn_splits),
    OPTION_CHOICE("precision", NULL, "P", "auto|fp32|bf16",
                  "arithmetic of the network, and numbers of the batches; auto: the fastest here", bench_options,
                  precision),
    OPTION_CHOICE("layout", NULL, "L", "auto|nchw|nhwc", "memory order of images and activations", bench_options,
                  layout),
    OPTION_INT("queue-size", "k|moco-k", 1, 16777216, false, "negative keys in the queue, K", bench_options,
               queue_size),
    OPTION_FLAG("symmetric", NULL, "each view is query and key once", bench_options, symmetric),
    OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N", bench_options, device),
    OPTION_INT("threads", NULL, 1, 4096, true, "threads that compute; auto: one a core", bench_options, threads),
    OPTION_INT("steps", NULL, 1, 1000000, false, "steps of a repeat", bench_options, steps),
    OPTION_INT("repeats", NULL, 1, BENCH_MAX_REPEATS, false, "how often they are timed", bench_options, repeats),
    OPTION_INT("warmup", NULL, 0, 1000000, false, "steps before that", bench_options, warmup),
    OPTION_FLAG("json", NULL, "print the result as JSON", bench_options, json),
};

static int run(const arguments *args)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        const bench_part *part = &parts[i];
        if (strcmp(part->name, args->positional[0]) != 0) {
            continue;
        }
        if (part->takes_data != (args->positional_count > 1)) {
            return part->takes_data ? say_usage(&command_bench, "bench %s: DATA is missing", part->name)
                                    : say_usage(&command_bench, "bench %s takes no DATA, but '%s' is given", part->name,
                                                args->positional[1]);
        }
        return part->run(&values, args->positional[1]);
    }
    return say_usage(&command_bench, "'%s' cannot be measured; there are: loader, step, train", args->positional[0]);
}

const tool_command command_bench = {
    .name = "bench",
    .synopsis = "loader DATA | step | train DATA [options]",
    .summary = "measure how fast images are read, and how fast a step is",
    .text =
        "loader reads, decodes and augments the images of DATA, two views each, without training on them, and prints "
        "files a second, the CPU time of each stage of the work, and the peak of memory. step trains on random images, "
        "train on those of DATA with the loader in front; both print wall and CPU time of a step over several "
        "repeats, images a second, the peak of memory, and what each phase of a step takes. Spread is the range of "
        "the middle half of the repeats, as a share of the median.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 2,
    .run = run,
};
