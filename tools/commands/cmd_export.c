/*
 * moco export: writes the weights of a run or file in another format.
 */
#include "cli/output.h"
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct export_options {
    char format[16], out[MOCO_PATH_MAX], encoder[4], license[256];
    bool features;
} export_options;

static export_options values = { .encoder = "q" };

static const moco_option options[] = {
    OPTION_CHOICE("format", NULL, "F", "torchvision|reference|detectron2|timm|safetensors", "format to write",
                  export_options, format),
    OPTION_PATH("out", "o", "FILE",
                "the new file; for torchvision and timm FILE.safetensors, or else torch.save's format", export_options,
                out),
    OPTION_CHOICE("encoder", NULL, "E", "q|k", "the query encoder, which training is for, or the key encoder",
                  export_options, encoder),
    OPTION_FLAG("features", NULL, "without the head", export_options, features),
    OPTION_TEXT("license", NULL, "TEXT", "licence of the weights, for the metadata of a .safetensors file",
                export_options, license),
};

static moco_export_format format_of(const char *name)
{
    static const char *const names[] = {
#define EXPORT_NAME(id, text, help) text,
        MOCO_EXPORT_MAP(EXPORT_NAME)
#undef EXPORT_NAME
    };
    size_t i = 0;
    while (i + 1 < sizeof names / sizeof names[0] && strcmp(names[i], name) != 0) {
        ++i;
    }
    return (moco_export_format)i;
}

static int run(const arguments *args)
{
    char source[MOCO_PATH_MAX];
    char size[32];
    struct stat status;
    if (values.format[0] == '\0' || values.out[0] == '\0') {
        return say_usage(&command_export, "--%s is missing", values.format[0] == '\0' ? "format F" : "out FILE");
    }
    moco_export_options how = MOCO_EXPORT_OPTIONS_INIT;
    how.format = format_of(values.format);
    how.branch = strcmp(values.encoder, "k") == 0 ? MOCO_KEY : MOCO_QUERY;
    how.features_only = values.features;
    how.license = values.license[0] != '\0' ? values.license : NULL;
    if (moco_checkpoint_find(source, sizeof source, args->positional[0]) != MOCO_OK ||
        moco_export(values.out, source, &how) != MOCO_OK) {
        return say_failure();
    }
    const double bytes = stat(values.out, &status) == 0 ? (double)status.st_size : 0;
    say_note("%s: %s of %s, %s", values.out, values.format, source, format_bytes(size, sizeof size, bytes));
    return EXIT_OK;
}

const tool_command command_export = {
    .name = "export",
    .synopsis = "RUN|FILE --format F --out FILE",
    .summary = "write weights for torchvision, timm, Detectron2, the reference, or safetensors",
    .text = "Writes the network of a run's newest checkpoint, or of any file that moco info takes, in another format. "
            "torchvision, timm: a state_dict without fc. reference: the whole state, as main_moco.py of "
            "facebookresearch/moco writes it. detectron2: what its converter for Detectron2 writes. safetensors: "
            "torchvision's names, with the head and metadata. Values are not changed.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
