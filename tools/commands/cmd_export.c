/*
 * moco export: writes the weights of a run or file in another format.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct export_options {
    moco_export_format format;
    char out[MOCO_PATH_MAX], encoder[4], license[256];
    bool features;
} export_options;

enum { NO_FORMAT = -1 };

static export_options values = { .format = (moco_export_format)NO_FORMAT, .encoder = "q" };

#define EXPORT_NAME(identifier, name, help) name,
static const char *const format_names[] = { MOCO_EXPORT_MAP(EXPORT_NAME) NULL };
#undef EXPORT_NAME

#define EXPORT_HELP(identifier, name, help) "\n  " name ": " help

static const moco_option options[] = {
    { .name = "format", MOCO_CHOICE_OPTION(export_options, format, "F", format_names), .help = "format to write" },
    { .name = "out",
      .aliases = { "o" },
      MOCO_PATH_OPTION(export_options, out, "FILE"),
      .help = "file to write; for torchvision and timm either FILE.safetensors or a file as torch.save writes it" },
    { .name = "encoder",
      MOCO_NAME_OPTION(export_options, encoder, "E", MOCO_NAMES("q", "k")),
      .help = "q: the query encoder, the result of training; k: the key encoder" },
    { .name = "features", MOCO_BOOL_OPTION(export_options, features), .help = "leave out the head" },
    { .name = "license",
      MOCO_TEXT_OPTION(export_options, license, "TEXT"),
      .help = "licence of the weights, written into the metadata of a .safetensors file" },
};

static int run(const arguments *args)
{
    char source[MOCO_PATH_MAX];
    char size[32];
    struct stat status;
    const bool has_format = values.format != (moco_export_format)NO_FORMAT;
    if (!has_format || values.out[0] == '\0') {
        return say_usage(&command_export, "--%s is missing", has_format ? "out FILE" : "format F");
    }
    moco_export_options how = MOCO_EXPORT_OPTIONS_INIT;
    how.format = values.format;
    how.branch = strcmp(values.encoder, "k") == 0 ? MOCO_KEY : MOCO_QUERY;
    how.features_only = values.features;
    how.license = values.license[0] != '\0' ? values.license : NULL;
    if (output_path_check("out", values.out) != MOCO_OK ||
        moco_checkpoint_find(source, sizeof source, args->positional[0]) != MOCO_OK ||
        output_path_check_other("out", values.out, "the network", source) != MOCO_OK ||
        moco_export(values.out, source, &how) != MOCO_OK) {
        return say_failure();
    }
    const double bytes = stat(values.out, &status) == 0 ? (double)status.st_size : 0;
    say_note("%s: %s of %s, %s", values.out, format_names[values.format], source,
             format_bytes(size, sizeof size, bytes));
    return EXIT_OK;
}

const tool_command command_export = {
    .name = "export",
    .synopsis = "RUN|FILE --format F --out FILE",
    .summary = "write the weights of a run or file in the format of another program",
    .text = "Writes the network of a run's newest checkpoint, of RUN/best, that of the highest kNN accuracy, or of any "
            "file that moco info reads, in another format. "
            "Values are not changed. The formats are:" MOCO_EXPORT_MAP(EXPORT_HELP),
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
