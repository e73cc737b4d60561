/*
 * moco bench: measures how fast a part of the work is on this machine.
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

/* The parts that can be measured; a new part is a file with a function and a row here. */
static const bench_part parts[] = {
    { "loader", true, bench_loader },
    { "step", false, bench_step },
    { "train", true, bench_train },
};

static bench_options values = {
    .config = { .struct_size = sizeof(moco_config),
                .augment = "v2",
                .channels = 3,
                .jitter = 1,
                .blur = 1,
                .workers = 1,
                .arch = "resnet50",
                .device = "auto",
                .dim = 128,
                .queue_size = 65536,
                .bn_splits = 1 },
    .seconds = 5,
    .steps = 3,
    .repeats = 5,
    .warmup = 2,
};

static const moco_option options[] = {
    { .name = "recipe",
      MOCO_NAME_OPTION(bench_options, config.augment, "R", MOCO_NAMES("v1", "v2", "cifar", "fashion-mnist")),
      .help = "augmentation" },
    { .name = "augment-precision",
      MOCO_CHOICE_OPTION(bench_options, config.augment_precision, "P", MOCO_CHOICES(MOCO_AUGMENT_PRECISION_MAP)),
      .help = "exact: the pixels that torchvision and Pillow give; fast: nearly the same pixels, in less time" },
    { .name = "format",
      MOCO_CHOICE_OPTION(bench_options, config.format, "F", MOCO_CHOICES(MOCO_FORMAT_MAP)),
      .help = "layout of the data on disk" },
    { .name = "image-size",
      .aliases = { "size" },
      MOCO_INT_OPTION(bench_options, config.image_size, 8, 1024),
      .zero_is_auto = true,
      .help = "height and width in pixels; auto: the default of the recipe; with step: 224" },
    { .name = "channels",
      MOCO_INT_OPTION(bench_options, config.channels, 1, MOCO_MAX_CHANNELS),
      .help = "channels of the images" },
    { .name = "workers",
      .aliases = { "j" },
      MOCO_INT_OPTION(bench_options, config.workers, 1, 1024),
      .zero_is_auto = true,
      .help = "threads that load images; auto: one per core" },
    { .name = "skip-broken",
      MOCO_BOOL_OPTION(bench_options, config.skip_broken),
      .help = "use the next image instead of one that is damaged or missing" },
    { .name = "batch",
      .aliases = { "b" },
      MOCO_INT_OPTION(bench_options, config.batch, 1, 65536),
      .zero_is_auto = true,
      .help = "images per batch; auto: 64 for loader, 32 for step and train" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(bench_options, limit, 0, 1e12),
      .help = "loader: stop after N images; 0: after --seconds" },
    { .name = "seconds", MOCO_INT_OPTION(bench_options, seconds, 1, 86400), .help = "loader: how long to measure" },
    { .name = "arch", .aliases = { "a" }, MOCO_TEXT_OPTION(bench_options, config.arch, "NAME"), .help = "network" },
    { .name = "dim", MOCO_INT_OPTION(bench_options, config.dim, 1, 65536), .help = "size of the embedding" },
    { .name = "mlp",
      MOCO_BOOL_OPTION(bench_options, config.mlp),
      .help = "use an MLP head (v2) instead of a linear one (v1)" },
    { .name = "cifar-stem",
      MOCO_BOOL_OPTION(bench_options, config.cifar_stem),
      .help = "start with a 3x3 convolution of stride 1 and no pooling" },
    { .name = "bn-splits",
      .aliases = { "splits" },
      MOCO_INT_OPTION(bench_options, config.bn_splits, 1, 4096),
      .help = "groups of a batch that batch norm normalises separately" },
    { .name = "precision",
      MOCO_CHOICE_OPTION(bench_options, config.precision, "P", MOCO_CHOICES(MOCO_PRECISION_MAP)),
      .help = "arithmetic of the network and type of the batches; auto: the fastest" },
    { .name = "tf32",
      MOCO_BOOL_OPTION(bench_options, config.tf32),
      .help = "let a GPU compute fp32 with factors of 10 bits" },
    { .name = "layout",
      MOCO_CHOICE_OPTION(bench_options, config.layout, "L", MOCO_CHOICES(MOCO_LAYOUT_MAP)),
      .help = "memory order of images and activations; auto: the fastest" },
    { .name = "queue-size",
      .aliases = { "k", "moco-k" },
      MOCO_INT_OPTION(bench_options, config.queue_size, 1, 16777216),
      .help = "negative keys in the queue, K" },
    { .name = "symmetric",
      MOCO_BOOL_OPTION(bench_options, config.symmetric),
      .help = "use each view both as query and as key" },
    { .name = "cuda-graph",
      MOCO_CHOICE_OPTION(bench_options, config.cuda_graph, "G", MOCO_CHOICES(MOCO_CUDA_GRAPH_MAP)),
      .help = "record a step on a GPU once, and start it as a whole; needs 12 steps of --warmup" },
    { .name = "device",
      MOCO_TEXT_OPTION(bench_options, config.device, "D"),
      .help = "cpu, cuda or cuda:N; auto: a GPU if one can be used" },
    { .name = "threads",
      MOCO_INT_OPTION(bench_options, config.threads, 1, 4096),
      .zero_is_auto = true,
      .help = "threads that compute; auto: one per core" },
    { .name = "steps", MOCO_INT_OPTION(bench_options, steps, 1, 1000000), .help = "steps per repeat" },
    { .name = "repeats",
      MOCO_INT_OPTION(bench_options, repeats, 1, BENCH_MAX_REPEATS),
      .help = "how many times to measure these steps" },
    { .name = "warmup", MOCO_INT_OPTION(bench_options, warmup, 0, 1000000), .help = "steps before the first repeat" },
    { .name = "json", MOCO_BOOL_OPTION(bench_options, json), .help = "print the result as JSON" },
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
                                    : say_usage(&command_bench, "bench %s takes no DATA; remove '%s'", part->name,
                                                args->positional[1]);
        }
        return part->run(&values, args->positional[1]);
    }
    return say_usage(&command_bench, "bench: there is no part '%s'; choose one of loader, step, train",
                     args->positional[0]);
}

const tool_command command_bench = {
    .name = "bench",
    .synopsis = "loader DATA | step | train DATA [options]",
    .summary = "measure the speed of the loader and of a training step",
    .text =
        "loader reads, decodes and augments the images of DATA, two views each, without training on them. It prints "
        "files per second, the CPU time of each stage, and the peak memory. step trains on random images; train trains "
        "on the images of DATA, which the loader reads. Both print wall time and CPU time per step over several "
        "repeats, images per second, the peak memory, and the time of each phase of a step. Spread is the range of the "
        "middle half of the repeats as a share of the median.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 2,
    .run = run,
};
