/*
 * moco info: shows what is in a checkpoint or another file of tensors.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "commands/commands.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct info_options {
    bool json, tensors;
} info_options;

static info_options values;

static const moco_option options[] = {
    { .name = "tensors", .aliases = { "t" }, MOCO_BOOL_OPTION(info_options, tensors), .help = "list each tensor" },
    { .name = "json", MOCO_BOOL_OPTION(info_options, json), .help = "print everything as JSON" },
};

static const char *dtype_name(moco_dtype dtype)
{
    static const char *const names[] = {
#define DTYPE_NAME(name, text, bytes) text,
        MOCO_DTYPE_MAP(DTYPE_NAME)
#undef DTYPE_NAME
    };
    return (size_t)dtype < sizeof names / sizeof names[0] ? names[dtype] : "?";
}

static uint64_t element_count(const moco_weights_entry *entry)
{
    uint64_t count = 1;
    for (size_t i = 0; i < entry->ndim; ++i) {
        count *= (uint64_t)entry->sizes[i];
    }
    return count;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t text_length = strlen(text);
    const size_t end_length = strlen(end);
    return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

/* Returns whether a tensor is a running statistic of batch norm, which is not learnt. */
static bool is_statistic(const char *name)
{
    return ends_with(name, ".running_mean") || ends_with(name, ".running_var") ||
           ends_with(name, ".num_batches_tracked");
}

/* Tensors whose names have the same beginning, up to the first dot after "module.". */
typedef struct part {
    char name[64];
    size_t tensors;
    uint64_t elements, parameters, bytes;
} part;

enum { MAX_PARTS = 32 };

static size_t sum_parts(part parts[MAX_PARTS], const moco_weights *file)
{
    size_t count = 0;
    const moco_weights_entry *entry = NULL;
    for (size_t i = 0; (entry = moco_weights_get(file, i)) != NULL; ++i) {
        char name[64];
        const char *start = strncmp(entry->name, "module.", 7) == 0 ? entry->name + 7 : entry->name;
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "."), start);
        size_t at = 0;
        while (at < count && strcmp(parts[at].name, name) != 0) {
            ++at;
        }
        if (at == MAX_PARTS) {
            (void)snprintf(parts[--at].name, sizeof parts[at].name, "(others)");
        } else if (at == count) {
            memset(&parts[count++], 0, sizeof parts[0]);
            (void)snprintf(parts[at].name, sizeof parts[at].name, "%s", name);
        }
        const uint64_t elements = element_count(entry);
        parts[at].tensors += 1;
        parts[at].elements += elements;
        parts[at].parameters += is_statistic(entry->name) ? 0 : elements;
        parts[at].bytes += entry->bytes;
    }
    return count;
}

static void shape_text(char *buffer, size_t size, const moco_weights_entry *entry, const char *separator)
{
    size_t used = 0;
    (void)snprintf(buffer, size, "%s", "");
    for (size_t i = 0; i < entry->ndim && used < size; ++i) {
        used +=
            (size_t)snprintf(buffer + used, size - used, "%s%lld", i > 0 ? separator : "", (long long)entry->sizes[i]);
    }
}

static void print_json(const char *path, const moco_weights *file, double bytes)
{
    moco_metadata row;
    const moco_weights_entry *entry = NULL;
    char shape[256];
    (void)printf("{\"file\": ");
    print_json_text(path);
    (void)printf(", \"bytes\": %.0f, \"metadata\": {", bytes);
    for (size_t i = 0; moco_weights_metadata_at(&row, file, i); ++i) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_json_text(row.key);
        (void)printf(": ");
        print_json_text(row.value);
    }
    (void)printf("}, \"tensors\": [");
    for (size_t i = 0; (entry = moco_weights_get(file, i)) != NULL; ++i) {
        shape_text(shape, sizeof shape, entry, ", ");
        (void)printf("%s\n  {\"name\": ", i > 0 ? "," : "");
        print_json_text(entry->name);
        (void)printf(", \"dtype\": \"%s\", \"shape\": [%s], \"bytes\": %zu}", dtype_name(entry->dtype), shape,
                     entry->bytes);
    }
    (void)printf("\n]}\n");
}

static void print_metadata(const moco_weights *file)
{
    moco_metadata row;
    (void)printf("\nMetadata\n");
    size_t i = 0;
    for (; moco_weights_metadata_at(&row, file, i); ++i) {
        (void)printf("  %-24s %s\n", row.key, row.value);
    }
    if (i == 0) {
        (void)printf("  none\n");
    }
}

static void print_parts(const moco_weights *file)
{
    part parts[MAX_PARTS];
    char size[32];
    const size_t count = sum_parts(parts, file);
    (void)printf("\n%-26s %8s %14s %14s %12s\n", "Part", "tensors", "elements", "parameters", "size");
    for (size_t i = 0; i < count; ++i) {
        (void)printf("  %-24s %8zu %14llu ", parts[i].name, parts[i].tensors, (unsigned long long)parts[i].elements);
        if (strncmp(parts[i].name, "encoder", 7) == 0) {
            (void)printf("%14llu", (unsigned long long)parts[i].parameters);
        } else {
            (void)printf("%14s", "-");
        }
        (void)printf(" %12s\n", format_bytes(size, sizeof size, (double)parts[i].bytes));
    }
}

static void print_tensors(const moco_weights *file)
{
    const moco_weights_entry *entry = NULL;
    char shape[256];
    (void)printf("\n%-60s %-5s %-20s %12s\n", "Tensor", "type", "shape", "bytes");
    for (size_t i = 0; (entry = moco_weights_get(file, i)) != NULL; ++i) {
        shape_text(shape, sizeof shape, entry, " x ");
        (void)printf("  %-58s %-5s %-20s %12zu\n", entry->name, dtype_name(entry->dtype),
                     entry->ndim == 0 ? "scalar" : shape, entry->bytes);
    }
}

static const char *kind_name(const moco_weights *file)
{
    switch (moco_weights_kind_of(file)) {
    case MOCO_WEIGHTS_CHECKPOINT:
        return "checkpoint of moco train";
    case MOCO_WEIGHTS_SAFETENSORS:
        return "safetensors";
    case MOCO_WEIGHTS_PTH:
        return "PyTorch, zip";
    case MOCO_WEIGHTS_PTH_LEGACY:
        break;
    }
    return "PyTorch, older format";
}

/* Returns the channels of the images of a network. */
static long long channels_of(const moco_weights *file, const moco_network *net)
{
    char name[sizeof net->prefix + sizeof "conv1.weight"];
    (void)snprintf(name, sizeof name, "%sconv1.weight", net->prefix);
    const moco_weights_entry *stem = moco_weights_find(file, name);
    return stem != NULL && stem->ndim == 4 ? stem->sizes[1] : 3;
}

/* Prints the network that the tensors belong to, if there is one. */
static void print_network(const moco_weights *file, const char *path)
{
    moco_network net;
    if (moco_weights_network(&net, file, MOCO_QUERY) != MOCO_OK) {
        const char *why = moco_error_message(); /* "PATH: why" */
        const size_t length = strlen(path);
        const bool named = strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0;
        (void)printf("network: not known to libmoco: %s\n", named ? why + length + 2 : why);
        return;
    }
    (void)printf("network: %s%s, ", net.arch, net.cifar_stem ? " (cifar-stem)" : "");
    const long long channels = channels_of(file, &net);
    if (channels != 3) {
        (void)printf("%lld channel%s, ", channels, plural((uint64_t)channels));
    }
    if (net.dim > 0) {
        (void)printf("%s head of %lld", net.mlp ? "MLP" : "linear", (long long)net.dim);
    } else {
        (void)printf("no head%s", net.classifier ? "; fc is not a head of MoCo" : "");
    }
    (void)printf("%s%s\n", net.prefix[0] != '\0' ? ", under " : "", net.prefix);
}

static void print_text(const char *path, const moco_weights *file, double bytes)
{
    char size[32];
    const char *epoch = moco_weights_metadata(file, "epoch");
    const char *step = moco_weights_metadata(file, "step");
    const char *batch = moco_weights_metadata(file, "batch");
    (void)printf("%s\n%s, %s, %zu tensor%s\n", path, kind_name(file), format_bytes(size, sizeof size, bytes),
                 moco_weights_count(file), plural(moco_weights_count(file)));
    print_network(file, path);
    char left[512];
    (void)moco_weights_left_out(file, left, sizeof left);
    if (left[0] != '\0') {
        (void)printf("note: %s\n", left);
    }
    if (epoch != NULL && step != NULL && batch != NULL) {
        (void)printf("position: step %s; next is batch %s of epoch %s (both from 0)\n", step, batch, epoch);
    }
    print_parts(file);
    print_metadata(file);
    if (values.tensors) {
        print_tensors(file);
    }
}

/* Lists the checkpoints of a run's folder. */
static void print_checkpoints(const char *run)
{
    char path[MOCO_PATH_MAX];
    char size[32];
    struct dirent **entries = NULL;
    (void)snprintf(path, sizeof path, "%s/checkpoints", run);
    const int count = scan_folder(path, &entries, NULL);
    for (int i = 0; i < count; ++i) {
        char file[MOCO_PATH_MAX + 300];
        struct stat status;
        (void)snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (stat(file, &status) == 0 && S_ISREG(status.st_mode)) {
            (void)printf("  %-44s %12s\n", entries[i]->d_name, format_bytes(size, sizeof size, (double)status.st_size));
        }
        free(entries[i]);
    }
    free(entries);
}

static int run(const arguments *args)
{
    char path[MOCO_PATH_MAX];
    struct stat status;
    moco_weights *file = NULL;
    const char *given = args->positional[0];
    if (moco_checkpoint_find(path, sizeof path, given) != MOCO_OK || moco_weights_open(&file, path) != MOCO_OK) {
        return say_failure();
    }
    const double bytes = stat(path, &status) == 0 ? (double)status.st_size : 0;
    if (values.json) {
        print_json(path, file, bytes);
    } else {
        if (is_folder(given)) {
            (void)printf("Checkpoints of %s\n", given);
            print_checkpoints(given);
            (void)printf("\n");
        }
        print_text(path, file, bytes);
    }
    moco_weights_free(file);
    return EXIT_OK;
}

const tool_command command_info = {
    .name = "info",
    .synopsis = "FILE|RUN [options]",
    .summary = "show what is in a checkpoint",
    .text = "Shows the tensors, network, settings and position in a .safetensors file, in a file of PyTorch (.pth, "
            ".pth.tar), or in a run's newest checkpoint. It executes no code in a file.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
