/*
 * moco plot: draws a run's pictures again.
 */
#include "output.h"
#include "sheets.h"

#include <stdio.h>

typedef struct plot_options {
    bool curves_only;
    int64_t limit, workers;
    char device[16];
} plot_options;

static plot_options values = { .limit = 10000, .device = "auto" };

static const moco_option options[] = {
    OPTION_FLAG("curves-only", NULL, "draw no sheets of images, which need the run's data", plot_options, curves_only),
    OPTION_INT("limit", "n", 1, 1e9, false, "training images to look for neighbours in", plot_options, limit),
    OPTION_TEXT("device", NULL, "D", "cpu, cuda or cuda:N; auto: the run's", plot_options, device),
    OPTION_INT("workers", "j", 1, 1024, true, "threads that read images; auto: one a core", plot_options, workers),
};

static int run(const arguments *args)
{
    const sheets_options how = { values.device, (size_t)values.limit, (int32_t)values.workers };
    const char *folder = args->positional[0];
    if (moco_plot_curves(folder) != MOCO_OK) {
        return say_failure();
    }
    if (!values.curves_only && sheets_draw(folder, &how) != MOCO_OK) {
        (void)say_failure();
        say_note("the curves are drawn; --curves-only leaves the sheets out");
        return EXIT_FAILED;
    }
    (void)printf("plots: %s/plots\n", folder);
    return EXIT_OK;
}

const tool_command command_plot = {
    .name = "plot",
    .synopsis = "RUN [options]",
    .summary = "draw a run's curves and sheets of images",
    .text = "Draws loss, accuracy, kNN accuracy and learning rate from the run's metrics, a sheet of images with their "
            "augmented views, a sheet of images with their nearest neighbours, and a map of features by their two "
            "principal components, as PNG files in RUN/plots.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
