/*
 * Runs moco runs: compares the runs of a folder in a table.
 */
#include "cli/output.h"
#include "commands/commands.h"
#include "commands/run_list.h"
#include "commands/runs_agree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_METRICS = 16, MAX_COLUMNS = 64, CELL = 256 };

typedef struct runs_options {
    char sort[64], metrics[512], agree[64];
    bool json;
} runs_options;

static runs_options values = { .sort = "name" };
static const char usual_metrics[] = "loss,acc1,knn_acc1";
static const char label_free_metrics[] =
    "loss,acc1,spread,alignment,uniformity,pooled_spread,pooled_rankme,pooled_alpha,"
    "output_spread,output_rankme,output_alpha,lidar";

static const moco_option options[] = {
    { .name = "sort",
      MOCO_TEXT_OPTION(runs_options, sort, "KEY"),
      .help = "order: a metric, such as knn_acc1 (the best run first), a setting, such as queue-size, or name, state, "
              "step" },
    { .name = "metrics",
      .aliases = { "m" },
      MOCO_TEXT_OPTION(runs_options, metrics, "LIST"),
      .help = "metrics to show, keys of metrics.jsonl; if not given, loss,acc1,knn_acc1, or with --agree those that "
              "need no labels" },
    { .name = "agree",
      MOCO_TEXT_OPTION(runs_options, agree, "METRIC"),
      .help = "instead of the table: how each metric agrees with this one, such as knn_acc1 (Spearman's correlation)" },
    { .name = "json", MOCO_BOOL_OPTION(runs_options, json), .help = "print the runs as JSON" },
};

/* The columns between those of all runs. */
typedef struct columns {
    const char *metrics[MAX_METRICS];
    size_t metric_count;
    const moco_option *settings[MAX_SETTINGS];
    size_t setting_count;
    char names[sizeof values.metrics]; /* that metrics point into */
} columns;

static int split_metrics(columns *c)
{
    char *rest = c->names;
    const char *given = values.metrics[0] != '\0' ? values.metrics
                        : values.agree[0] != '\0' ? label_free_metrics
                                                  : usual_metrics;
    (void)snprintf(c->names, sizeof c->names, "%s", given);
    for (char *name = strtok_r(rest, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (c->metric_count == MAX_METRICS) {
            return say_usage(&command_runs, "--metrics: more than %d metrics are given; give fewer", MAX_METRICS);
        }
        c->metrics[c->metric_count++] = name;
    }
    return EXIT_OK;
}

static void find_settings(columns *c, const run_list *list)
{
    const moco_option *option = NULL;
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        if (c->setting_count < MAX_SETTINGS && run_list_differs(list, option)) {
            c->settings[c->setting_count++] = option;
        }
    }
}

/* ---- The table ---- */

/* Rows of texts; the first row is the heads. */
typedef struct table {
    char (*cells)[CELL];
    size_t rows, columns;
} table;

static char *cell(const table *t, size_t row, size_t column)
{
    return t->cells[row * t->columns + column];
}

static void put_number(char *text, double value)
{
    const double size = fabs(value);
    if (isnan(value)) {
        (void)snprintf(text, CELL, "-");
    } else {
        (void)snprintf(text, CELL, size >= 1000 ? "%.0f" : size >= 10 || size == 0 ? "%.2f" : "%.4g", value);
    }
}

static void put_heads(const table *t, const columns *c)
{
    size_t at = 0;
    (void)snprintf(cell(t, 0, at++), CELL, "run");
    (void)snprintf(cell(t, 0, at++), CELL, "state");
    (void)snprintf(cell(t, 0, at++), CELL, "step");
    (void)snprintf(cell(t, 0, at++), CELL, "epoch");
    for (size_t i = 0; i < c->setting_count; ++i) {
        (void)snprintf(cell(t, 0, at++), CELL, "%s", c->settings[i]->name);
    }
    for (size_t i = 0; i < c->metric_count; ++i) {
        (void)snprintf(cell(t, 0, at++), CELL, "%s", c->metrics[i]);
    }
    (void)snprintf(cell(t, 0, at++), CELL, "best kNN");
    (void)snprintf(cell(t, 0, at++), CELL, "at epoch");
    (void)snprintf(cell(t, 0, at), CELL, "best checkpoint");
}

static moco_status put_run(const table *t, size_t row, const columns *c, const run_entry *entry)
{
    size_t at = 0;
    run_metric metric;
    char value[SETTING_SIZE];
    char checkpoint[MOCO_PATH_MAX];
    moco_status status = MOCO_OK;
    (void)snprintf(cell(t, row, at), CELL, "%.*s", CELL - 1, entry->name);
    output_make_plain(cell(t, row, at++));
    (void)snprintf(cell(t, row, at++), CELL, "%s", moco_run_state_name(entry->info.state));
    (void)snprintf(cell(t, row, at++), CELL, "%llu", (unsigned long long)entry->info.step);
    if (entry->config != NULL && entry->config->max_steps == 0) {
        (void)snprintf(cell(t, row, at++), CELL, "%.4g/%lld", entry->info.epoch, (long long)entry->config->epochs);
    } else {
        (void)snprintf(cell(t, row, at++), CELL, "%.4g", entry->info.epoch);
    }
    for (size_t i = 0; i < c->setting_count; ++i) {
        run_setting(value, entry, c->settings[i]);
        (void)snprintf(cell(t, row, at++), CELL, "%s", value[0] != '\0' ? value : "-");
    }
    for (size_t i = 0; i < c->metric_count && status == MOCO_OK; ++i) {
        status = run_metric_read(&metric, entry, c->metrics[i]);
        put_number(cell(t, row, at++), metric.last);
    }
    if (status == MOCO_OK) {
        status = run_metric_read(&metric, entry, "knn_acc1");
        put_number(cell(t, row, at++), metric.best);
        put_number(cell(t, row, at++), metric.best_epoch);
        const bool found = run_best_checkpoint(checkpoint, entry, &metric);
        const char *slash = strrchr(checkpoint, '/');
        (void)snprintf(cell(t, row, at), CELL, "%s", found && slash != NULL ? slash + 1 : "-");
    }
    return status;
}

static size_t width_of(const table *t, size_t column)
{
    size_t widest = 0;
    for (size_t r = 0; r < t->rows; ++r) {
        const size_t width = strlen(cell(t, r, column));
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Texts stand at the left of their column, numbers at the right. */
static void print_table(const table *t)
{
    for (size_t r = 0; r < t->rows; ++r) {
        for (size_t col = 0; col < t->columns; ++col) {
            const bool is_last = col + 1 == t->columns;
            const bool is_text = col < 2 || is_last;
            const int width = is_last ? 0 : (int)width_of(t, col);
            (void)printf("%s%*s", col > 0 ? "  " : "", is_text ? -width : width, cell(t, r, col));
        }
        (void)putchar('\n');
    }
}

static void print_failures(const table *t, const run_list *list)
{
    for (size_t i = 0; i < list->count; ++i) {
        moco_run_info info = list->entries[i].info;
        if (info.failure[0] != '\0') {
            output_make_plain(info.failure);
            (void)printf("%s failed: %s\n", cell(t, i + 1, 0), info.failure);
        }
    }
}

static moco_status print_text(const run_list *list, const columns *c)
{
    table t = { .rows = list->count + 1, .columns = 7 + c->setting_count + c->metric_count };
    moco_status status = MOCO_OK;
    t.cells = calloc(t.rows * t.columns, sizeof *t.cells);
    if (t.cells == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for a table of %zu runs", list->count);
    }
    put_heads(&t, c);
    for (size_t i = 0; i < list->count && status == MOCO_OK; ++i) {
        status = put_run(&t, i + 1, c, &list->entries[i]);
    }
    if (status == MOCO_OK) {
        print_table(&t);
        print_failures(&t, list);
    }
    free(t.cells);
    return status;
}

/* ---- JSON ---- */

/* YAML's names, as in config.yaml and metrics.jsonl. */
static void print_json_key(const char *name)
{
    (void)putchar('"');
    for (; *name != '\0'; ++name) {
        (void)putchar(*name == '-' ? '_' : *name);
    }
    (void)printf("\": ");
}

static moco_status print_json_run(const run_entry *entry, const columns *c)
{
    char text[SETTING_SIZE];
    char checkpoint[MOCO_PATH_MAX];
    run_metric metric;
    moco_status status = MOCO_OK;
    (void)printf("{\"run\": ");
    print_json_text(entry->path);
    (void)printf(", \"state\": \"%s\", \"step\": %llu, \"epoch\": %.9g, \"failure\": ",
                 moco_run_state_name(entry->info.state), (unsigned long long)entry->info.step, entry->info.epoch);
    print_json_text(entry->info.failure[0] != '\0' ? entry->info.failure : NULL);
    (void)printf(", \"settings\": {");
    for (size_t i = 0; i < c->setting_count; ++i) {
        (void)printf("%s", i > 0 ? ", " : "");
        print_json_key(c->settings[i]->name);
        run_setting(text, entry, c->settings[i]);
        print_json_text(text);
    }
    (void)printf("}, \"metrics\": {");
    for (size_t i = 0; i < c->metric_count && status == MOCO_OK; ++i) {
        status = run_metric_read(&metric, entry, c->metrics[i]);
        (void)printf("%s", i > 0 ? ", " : "");
        print_json_text(c->metrics[i]);
        (void)printf(": ");
        print_json_value(metric.last);
    }
    if (status == MOCO_OK) {
        status = run_metric_read(&metric, entry, "knn_acc1");
    }
    const bool found = status == MOCO_OK && run_best_checkpoint(checkpoint, entry, &metric);
    (void)printf("}, \"best_knn_acc1\": ");
    print_json_value(metric.best);
    (void)printf(", \"best_epoch\": ");
    print_json_value(metric.best_epoch);
    (void)printf(", \"best_checkpoint\": ");
    print_json_text(found ? checkpoint : NULL);
    (void)printf("}");
    return status;
}

static moco_status print_json(const run_list *list, const columns *c)
{
    moco_status status = MOCO_OK;
    (void)printf("[");
    for (size_t i = 0; i < list->count && status == MOCO_OK; ++i) {
        (void)printf("%s\n  ", i > 0 ? "," : "");
        status = print_json_run(&list->entries[i], c);
    }
    (void)printf("\n]\n");
    return status;
}

/* Says which of the metrics that were asked for no run has. */
static moco_status warn_of_unknown(const run_list *list, const columns *c)
{
    moco_status status = MOCO_OK;
    for (size_t i = 0; values.metrics[0] != '\0' && i < c->metric_count; ++i) {
        bool known = false;
        for (size_t r = 0; r < list->count && status == MOCO_OK && !known; ++r) {
            run_metric metric;
            status = run_metric_read(&metric, &list->entries[r], c->metrics[i]);
            known = !isnan(metric.last);
        }
        if (!known) {
            say_note("--metrics: no run has '%s' yet; names are the keys of metrics.jsonl", c->metrics[i]);
        }
    }
    return status;
}

static int run(const arguments *args)
{
    static columns c;
    run_list list = { .count = 0 };
    const int code = split_metrics(&c);
    if (code != EXIT_OK) {
        return code;
    }
    moco_status status = run_list_read(&list, args->positional, args->positional_count);
    if (status == MOCO_OK && values.agree[0] != '\0') {
        status = runs_agree_print(&list, values.agree, c.metrics, c.metric_count, values.json);
        run_list_free(&list);
        return status == MOCO_OK ? EXIT_OK : say_failure();
    }
    if (status == MOCO_OK) {
        status = run_list_sort(&list, values.sort);
    }
    if (status == MOCO_OK) {
        find_settings(&c, &list);
        status = values.json ? print_json(&list, &c) : print_text(&list, &c);
    }
    if (status == MOCO_OK) {
        status = warn_of_unknown(&list, &c);
    }
    if (status == MOCO_OK) {
        status = run_list_check(&list);
    }
    run_list_free(&list);
    return status == MOCO_OK ? EXIT_OK : say_failure();
}

const tool_command command_runs = {
    .name = "runs",
    .synopsis = "DIR [DIR...] [options]",
    .summary = "compare the runs of a folder in a table",
    .text =
        "Lists all runs in DIR and the folders below: state (new, running, stopped, failed, done), steps, the settings "
        "in which the runs differ, the latest value of each metric, and the best kNN accuracy with its checkpoint. "
        "Runs may be in progress. With --agree METRIC it prints how well other metrics tell what that one says: within "
        "each run over its steps, and across the runs at their ends.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .values = &values,
    .min_positionals = 1,
    .max_positionals = MAX_POSITIONALS,
    .run = run,
};
