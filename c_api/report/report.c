/* moco_report_write(): reads what a run has left, and writes one page of it. */
#include "report/report_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include "moco/report.h"
#include "moco/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The line of config.yaml that sets an option; its value's length in *length. */
static const char *find_setting(size_t *length, const moco__report *report, const char *name)
{
    const size_t name_length = strlen(name);
    for (const char *line = report->config; line != NULL && *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        if (size > name_length && strncmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            value += strspn(value, " ");
            *length = (size_t)(line + size - value);
            return value;
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    return NULL;
}

bool moco__report_setting(char *buffer, size_t size, const moco__report *report, const char *name)
{
    size_t length = 0;
    const char *value = find_setting(&length, report, name);
    if (value == NULL) {
        return false;
    }
    if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
        ++value;
        length -= 2;
    }
    (void)snprintf(buffer, size, "%.*s", (int)length, value);
    return true;
}

double moco__report_number(const moco__report *report, const char *name)
{
    char text[64];
    if (!moco__report_setting(text, sizeof text, report, name)) {
        return NAN;
    }
    char *end = text;
    const double value = strtod(text, &end);
    return end != text && *end == '\0' ? value : NAN;
}

enum { STAMP = 20 }; /* "2026-11-24 11:02:55 " */

const char *moco__report_log_line(size_t *length, const moco__report *report, const char *part)
{
    const char *found = NULL;
    for (const char *line = report->log; line != NULL && *line != '\0';) {
        const size_t size = strcspn(line, "\n");
        if (size > STAMP && memmem(line + STAMP, size - STAMP, part, strlen(part)) != NULL) {
            found = line + STAMP;
            *length = size - STAMP;
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    return found;
}

double moco__series_last(const moco_series *series)
{
    return series->count > 0 ? series->values[series->count - 1] : NAN;
}

/* The text of a file of the run; NULL where it is not there. */
static moco_status read_text(char **out, const char *run, const char *name)
{
    char path[MOCO_PATH_MAX];
    size_t size = 0;
    MOCO_TRY(moco__files_join(path, sizeof path, run, name));
    return moco__files_exist(path) ? moco__file_read(out, &size, path) : MOCO_OK;
}

static moco_status read_metrics(moco__report *report)
{
    struct {
        moco_series *series;
        const char *name;
    } const all[] = { { &report->loss, "loss" },     { &report->acc1, "acc1" },    { &report->acc5, "acc5" },
                      { &report->lr, "lr" },         { &report->knn, "knn_acc1" }, { &report->rate, "images_per_s" },
                      { &report->wait, "data_wait" } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
        MOCO_TRY(moco_series_read(all[i].series, report->run, all[i].name));
    }
    for (size_t i = 0; i < report->wait.count; ++i) {
        report->wait.values[i] *= 100; /* percent */
    }
    return MOCO_OK;
}

static moco_status read_run(moco__report *report)
{
    const bool has_metrics = moco__files_exist_in(report->run, "metrics.jsonl");
    MOCO_TRY(read_text(&report->config, report->run, "config.yaml"));
    MOCO_TRY(read_text(&report->log, report->run, "train.log"));
    if (report->config == NULL && !has_metrics) {
        return moco_error_set(MOCO_ENOTFOUND, "%s: neither config.yaml nor metrics.jsonl is there: not a run's folder?",
                              report->run);
    }
    return has_metrics ? read_metrics(report) : MOCO_OK;
}

static void write_foot(moco__report *report)
{
    char stamp[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    }
    moco__html_add(&report->html, "</main>\n<footer>Written %s by libmoco %s%s%s.</footer>\n</body>\n</html>\n", stamp,
                   moco_version(), moco_commit()[0] != '\0' ? ", commit " : "", moco_commit());
}

static moco_status build(moco__report *report)
{
    MOCO_TRY(read_run(report));
    moco__report_head(report);
    moco__report_numbers(report);
    moco__report_curves(report);
    moco__report_sheets(report);
    moco__report_evaluations(report);
    moco__report_settings(report);
    moco__report_environment(report);
    moco__report_log(report);
    write_foot(report);
    return report->html.status;
}

static void release(moco__report *report)
{
    moco_series *const all[] = { &report->loss, &report->acc1, &report->acc5, &report->lr,
                                 &report->knn,  &report->rate, &report->wait };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
        moco_series_free(all[i]);
    }
    free(report->config);
    free(report->log);
    moco__bytes_free(&report->html.bytes);
}

moco_status moco_report_write(const char *run, const moco_report_options *options)
{
    char path[MOCO_PATH_MAX];
    MOCO_CHECK_ARG(run);
    MOCO_TRY(moco__files_join(path, sizeof path, run, "report.html"));
    moco__report report = { .run = run, .html = { .status = MOCO_OK } };
    moco_status status = build(&report);
    if (status == MOCO_OK) {
        const char *given = options != NULL ? options->path : NULL;
        status = moco__file_write(given != NULL ? given : path, report.html.bytes.data, report.html.bytes.size);
    }
    release(&report);
    return status;
}
