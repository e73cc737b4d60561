/*
 * Runs moco plot: draws the pictures of a run, or compares runs.
 */
#include "cli/output.h"
#include "cli/output_path.h"
#include "commands/commands.h"
#include "commands/plot_runs.h"
#include "commands/sheets.h"

#include <stdio.h>

typedef struct plot_options {
    bool curves_only;
    int64_t limit, workers;
    char device[16];
    moco_picture format;
    char metric[64], out[MOCO_PATH_MAX]; /* of a chart of one metric */
    int64_t until_step;
    char x[64], by[64];
    bool best;
} plot_options;

static plot_options values = { .limit = 10000, .device = "auto" };

static const moco_option options[] = {
    { .name = "curves-only",
      MOCO_BOOL_OPTION(plot_options, curves_only),
      .help = "draw the curves only; sheets of images need the run's data" },
    { .name = "format",
      MOCO_CHOICE_OPTION(plot_options, format, "F", MOCO_CHOICES(MOCO_PICTURE_MAP)),
      .help = "format of curves and map (sheets of images are always png); auto: png, or by the ending of --out" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(plot_options, limit, 1, 1e9),
      .help = "training images to search for neighbours" },
    { .name = "device",
      MOCO_TEXT_OPTION(plot_options, device, "D"),
      .help = "cpu, cuda or cuda:N; auto: a GPU if one can be used" },
    { .name = "workers",
      .aliases = { "j" },
      MOCO_INT_OPTION(plot_options, workers, 1, 1024),
      .zero_is_auto = true,
      .help = "threads that read images; auto: one per core" },
    { .name = "metric",
      .aliases = { "m" },
      MOCO_TEXT_OPTION(plot_options, metric, "NAME"),
      .help = "draw this metric of one or several runs, a key of metrics.jsonl, in one chart; default: loss, or "
              "knn_acc1 with --x" },
    { .name = "x",
      MOCO_TEXT_OPTION(plot_options, x, "OPTION"),
      .help = "draw the metric of all runs in and below the folders against this setting, such as queue-size, with "
              "error bars over runs that differ in their seeds" },
    { .name = "by",
      MOCO_TEXT_OPTION(plot_options, by, "OPTION"),
      .help = "with --x: a line for each value of this setting" },
    { .name = "best",
      MOCO_BOOL_OPTION(plot_options, best),
      .help = "with --x: take each run's best value of the metric instead of its last" },
    { .name = "until-step",
      MOCO_INT_OPTION(plot_options, until_step, 0, 1e15),
      .help = "in a chart of one metric: leave out later steps; 0: draw all" },
    { .name = "out",
      .aliases = { "o" },
      MOCO_PATH_OPTION(plot_options, out, "FILE"),
      .help = "file of a chart of one metric; default: METRIC.png, or METRIC-OPTION.png with --x" },
};

static const char *const endings[] = {
    [MOCO_PICTURE_AUTO] = "png", [MOCO_PICTURE_PNG] = "png", [MOCO_PICTURE_SVG] = "svg", [MOCO_PICTURE_PDF] = "pdf"
};

static int plot_settings(const arguments *args)
{
    const plot_runs_job job = { args->positional, args->positional_count, values.metric, values.x, values.by,
                                values.best,      values.format,          values.out };
    if (values.out[0] == '\0') {
        (void)snprintf(values.out, sizeof values.out, "%s-%s.%s", values.metric, values.x, endings[values.format]);
    }
    if (output_path_check_picture("out", values.out) != MOCO_OK || plot_runs(&job) != MOCO_OK) {
        return say_failure();
    }
    (void)printf("plot: %s\n", values.out);
    return EXIT_OK;
}

static int compare(const arguments *args)
{
    moco_compare_options how = MOCO_COMPARE_OPTIONS_INIT;
    how.metric = values.metric;
    how.last_step = values.until_step;
    how.format = values.format;
    if (values.out[0] == '\0') {
        (void)snprintf(values.out, sizeof values.out, "%s.%s", values.metric, endings[values.format]);
    }
    if (output_path_check("out", values.out) != MOCO_OK ||
        moco_plot_compare(values.out, args->positional, args->positional_count, &how) != MOCO_OK) {
        return say_failure();
    }
    (void)printf("plot: %s\n", values.out);
    return EXIT_OK;
}

static int run(const arguments *args)
{
    const bool one_chart =
        args->positional_count > 1 || values.metric[0] != '\0' || values.out[0] != '\0' || values.until_step > 0;
    if (values.metric[0] == '\0') {
        (void)snprintf(values.metric, sizeof values.metric, "%s", values.x[0] != '\0' ? "knn_acc1" : "loss");
    }
    if (values.x[0] == '\0' && (values.by[0] != '\0' || values.best)) {
        return say_usage(&command_plot, "--by and --best need --x OPTION: the setting to draw the metric against");
    }
    if (values.x[0] != '\0') {
        return plot_settings(args);
    }
    if (one_chart) {
        return compare(args);
    }
    const sheets_options how = { values.device, (size_t)values.limit, (int32_t)values.workers, values.format };
    const char *folder = args->positional[0];
    const moco_status drawn = moco_plot_curves(folder, how.format);
    if (drawn != MOCO_OK) {
        (void)say_failure();
        if (drawn == MOCO_ENOTFOUND && is_folder(folder)) { /* not the folder of a run */
            say_note("runs in folders below are drawn together by: moco plot %s --x OPTION", folder);
        }
        return EXIT_FAILED;
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
    .synopsis = "RUN|DIR [RUN|DIR...] [options]",
    .summary = "draw a run's curves and sheets of images, or compare runs",
    .text =
        "Draws a run's loss, contrastive accuracy, kNN accuracy and learning rate, a sheet of images with their "
        "augmented views, a sheet of images with their nearest neighbours, and maps of features by their first two "
        "principal components and by t-SNE. The files are in RUN/plots. With several runs, or with --metric, --out or "
        "--until-step, it draws one metric in one chart. With --x, it draws a metric of all runs below DIR, such as "
        "those of a sweep, against "
        "one of their settings, and prints the numbers.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = MOCO_PLOT_MAX_RUNS,
    .run = run,
};
