/*
 * Runs moco report: writes one page about a run.
 */
#include "cli/output.h"
#include "cli/output_path.h"
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
      .help = "file to write; default: RUN/report.html" },
    { .name = "as-is",
      MOCO_BOOL_OPTION(report_options, as_is),
      .help = "show the sheets of images in RUN/plots; do not draw them again" },
    { .name = "limit",
      .aliases = { "n" },
      MOCO_INT_OPTION(report_options, limit, 1, 1e9),
      .help = "training images to search for neighbours; the map shows at most 5000 of them" },
    { .name = "device",
      MOCO_TEXT_OPTION(report_options, device, "D"),
      .help = "cpu, cuda or cuda:N; auto: a GPU if one can be used" },
    { .name = "workers",
      .aliases = { "j" },
      MOCO_INT_OPTION(report_options, workers, 1, 1024),
      .zero_is_auto = true,
      .help = "threads that read images; auto: one per core" },
};

static int run(const arguments *args)
{
    const char *folder = args->positional[0];
    const sheets_options how = { values.device, (size_t)values.limit, (int32_t)values.workers, MOCO_PICTURE_PNG };
    moco_report_options page = MOCO_REPORT_OPTIONS_INIT;
    page.path = values.out[0] != '\0' ? values.out : NULL;
    if (output_path_check("out", values.out) != MOCO_OK) {
        return say_failure();
    }
    char reason[2 * MOCO_PATH_MAX] = "";
    if (!values.as_is &&
        sheets_draw(folder, &how) != MOCO_OK) { /* the data may have moved, or there is no checkpoint yet */
        (void)snprintf(reason, sizeof reason, "%s", moco_error_message());
    }
    if (moco_report_write(folder, &page) != MOCO_OK) {
        return say_failure();
    }
    if (reason[0] != '\0') {
        say_note("cannot draw the sheets of images: %s", reason);
    }
    (void)printf("report: %s%s\n", page.path != NULL ? page.path : folder, page.path != NULL ? "" : "/report.html");
    return EXIT_OK;
}

const tool_command command_report = {
    .name = "report",
    .synopsis = "RUN [--out FILE] [options]",
    .summary = "write one page about a run",
    .text =
        "Writes RUN/report.html: the run's numbers, curves, evaluations, sheets of images, settings and log in one "
        "self-contained file. It also works for a run that is still in progress: the page names what is missing. "
        "Results of evaluations become bars and tables. It takes them from RUN/knn.json, linear.json, finetune.json "
        "and eval/*.json, as moco linear RUN ... --json >RUN/linear.json writes them. Results of --baseline pixels and "
        "random become lines in the kNN chart.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = 1,
    .run = run,
};
