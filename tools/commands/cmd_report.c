/*
 * moco report: one page on a run.
 */
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/sheets.h"

#include <stdio.h>

typedef struct report_options {
    char out[MOCO_PATH_MAX], device[16];
    bool as_is;
    int64_t limit, workers;
} report_options;

static report_options values = { .limit = 5000, .device = "auto" };

static const moco_option options[] = {
    { .name = "out",
      .aliases = { "o" },
      MOCO_PATH_OPTION(report_options, out, "FILE"),
      .help = "where to write it; RUN/report.html unless given" },
    { .name = "as-is",
      MOCO_BOOL_OPTION(report_options, as_is),
      .help = "take the sheets of RUN/plots as they are; else they are drawn anew from the run's data" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(report_options, limit, 1, 1e9),
      .help = "images to look for neighbours in, and at most 5000 of them on the map" },
    { .name = "device", MOCO_TEXT_OPTION(report_options, device, "D"), .help = "cpu, cuda or cuda:N; auto: the run's" },
    { .name = "workers",
      .aliases = { "j" },
      MOCO_INT_OPTION(report_options, workers, 1, 1024),
      .zero_is_auto = true,
      .help = "threads that read images; auto: one a core" },
};

static int run(const arguments *args)
{
    const char *folder = args->positional[0];
    const sheets_options how = { values.device, (size_t)values.limit, (int32_t)values.workers };
    moco_report_options page = MOCO_REPORT_OPTIONS_INIT;
    page.path = values.out[0] != '\0' ? values.out : NULL;
    if (!values.as_is &&
        sheets_draw(folder, &how) != MOCO_OK) { /* the data may have moved, or no checkpoint is there */
        say_note("the sheets of images cannot be drawn anew: %s", moco_error_message());
    }
    if (moco_report_write(folder, &page) != MOCO_OK) {
        return say_failure();
    }
    (void)printf("report: %s%s\n", page.path != NULL ? page.path : folder, page.path != NULL ? "" : "/report.html");
    return EXIT_OK;
}

const tool_command command_report = {
    .name = "report",
    .synopsis = "RUN [--out FILE] [options]",
    .summary = "write one page on a run",
    .text =
        "Writes RUN/report.html: the run's numbers, curves, sheets of images, evaluations, settings and log in one "
        "file that needs no other. It works for runs that are under way too; what cannot be read is left out, and "
        "the page says so. Results of evaluations, as of moco linear RUN ... --json >RUN/linear.json, become tables: "
        "RUN/linear.json, knn.json, finetune.json and eval/*.json.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
