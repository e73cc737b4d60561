/*
 * moco pack: packs a dataset into tar shards, with images unchanged or made smaller.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "cli/signals.h"
#include "commands/commands.h"
#include "commands/data.h"
#include "commands/shard_progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pack_options {
    char out[MOCO_PATH_MAX], split[64], shard_size[32];
    moco_format format;
    int64_t short_side, quality, workers;
    bool no_verify, skip_broken;
} pack_options;

static pack_options values = { .split = "train", .shard_size = "0", .quality = 90 };

static const moco_option options[] = {
    { .name = "out",
      .aliases = { "o" },
      MOCO_PATH_OPTION(pack_options, out, "F.tar"),
      .help = "name of the shard; with --shard-size: of F-000000.tar, F-000001.tar and so on" },
    { .name = "short-side",
      MOCO_INT_OPTION(pack_options, short_side, 0, 65535),
      .help = "make larger images smaller, to N pixels at the shorter side, and store them as JPEG; 0: keep files "
              "unchanged" },
    { .name = "quality", MOCO_INT_OPTION(pack_options, quality, 1, 100), .help = "JPEG quality, with --short-side" },
    { .name = "shard-size",
      MOCO_TEXT_OPTION(pack_options, shard_size, "SIZE"),
      .help = "start a new shard at this size, for example 500M or 1G; 0: write one shard" },
    { .name = "split",
      MOCO_TEXT_OPTION(pack_options, split, "S"),
      .help = "split of DATA to use, if it has several: train, test, or the name of a folder there" },
    { .name = "format",
      MOCO_CHOICE_OPTION(pack_options, format, "F", MOCO_CHOICES(MOCO_FORMAT_MAP)),
      .help = "layout of the data on disk" },
    { .name = "workers",
      .aliases = { "j" },
      MOCO_INT_OPTION(pack_options, workers, 1, 1024),
      .zero_is_auto = true,
      .help = "threads that read and resize images; auto: one per core" },
    { .name = "no-verify", MOCO_BOOL_OPTION(pack_options, no_verify), .help = "do not read the shards back" },
    { .name = "skip-broken",
      MOCO_BOOL_OPTION(pack_options, skip_broken),
      .help = "leave out missing and empty files; with --short-side, damaged images too" },
};

/* Reads a size such as 500M: a number and k, M, G or T, in steps of a thousand. Returns false if it is not one. */
static bool parse_size(uint64_t *out, const char *text)
{
    static const char units[] = "kMGT";
    char *end = NULL;
    double size = strtod(text, &end);
    const char *unit = end != text && *end != '\0' ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;
    if (end == text || (*end != '\0' && (unit == NULL || end[1] != '\0')) || !(size >= 0)) {
        return false;
    }
    for (const char *u = units; unit != NULL && u <= unit; ++u) {
        size *= 1000;
    }
    *out = (uint64_t)size;
    return size < 1e18;
}

static int check_usage(moco_pack_options *pack)
{
    if (values.out[0] == '\0') {
        return say_usage(&command_pack, "--out F.tar is missing: the name of the shard");
    }
    if (!parse_size(&pack->shard_bytes, values.shard_size)) {
        return say_usage(&command_pack, "--shard-size %s is not a size; give for example 500M or 1G",
                         values.shard_size);
    }
    pack->short_side = (int32_t)values.short_side;
    pack->quality = (int32_t)values.quality;
    pack->workers = (int32_t)values.workers;
    pack->verify = !values.no_verify;
    pack->skip_broken = values.skip_broken;
    pack->progress = shards_show;
    return EXIT_OK;
}

static int report(moco_status status, const moco_dataset *images)
{
    if (status == MOCO_ESTOPPED && signals_caught() != 0) {
        say_note("%s (%s)", moco_error_message(), signals_name(signals_caught()));
        return EXIT_SIGNAL_BASE + signals_caught();
    }
    if (status != MOCO_OK) {
        return say_failure();
    }
    if (!output_settings.quiet) {
        const size_t count = moco_dataset_count(images) - moco_dataset_skipped(images, NULL, 0);
        (void)printf("done: packed%s %zu image%s\n", values.no_verify ? "" : " and verified", count, plural(count));
    }
    return EXIT_OK;
}

static int run(const arguments *args)
{
    moco_pack_options pack = MOCO_PACK_OPTIONS_INIT;
    moco_dataset *images = NULL;
    const int code = check_usage(&pack);
    if (code != EXIT_OK) {
        return code;
    }
    if (output_path_check("out", values.out) != MOCO_OK ||
        output_path_check_outside("out", values.out, args->positional[0]) != MOCO_OK ||
        data_open_named(&images, "data", args->positional[0], values.format, values.split, values.skip_broken) !=
            MOCO_OK) {
        return say_failure();
    }
    signals_catch();
    const moco_status status = moco_shards_pack(images, values.out, &pack);
    shards_show_end();
    const int result = report(status, images);
    data_warn_of_skipped(images);
    moco_dataset_free(images);
    return result;
}

const tool_command command_pack = {
    .name = "pack",
    .synopsis = "DATA --out F.tar [options]",
    .summary = "pack a dataset into tar shards, with images unchanged or made smaller",
    .text =
        "Packs the images of DATA, a folder or shards, into tar files that moco train and WebDataset read, with "
        "labels, names of classes and an index. Files stay unchanged, so that training gives the same result as on "
        "the folder. With --short-side it makes images smaller, with the pixels that Pillow gives, so that they are "
        "faster to read. A shard gets its final name once it has been verified. To continue after an interruption, "
        "give the same command again.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
