/* Writes one page about a run. */
#include "moco/report.h"

#include "base/c_locale_internal.h"
#include "base/files_internal.h"
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "report/report_evaluations_internal.h"
#include "report/report_numbers_internal.h"
#include "report/report_page_internal.h"
#include "report/report_settings_internal.h"
#include "report/report_sheets_internal.h"
#include "report/run_charts_internal.h"

static void write_curves(moco__html *html, const moco__record *record)
{
    if (record->metrics[MOCO__LOSS].count == 0) {
        return;
    }
    moco__html_add(html, "<h2>Curves</h2>\n<div class=\"grid charts\">\n");
    for (size_t i = 0; i < MOCO__RUN_CHARTS; ++i) {
        moco__chart chart;
        (void)moco__run_chart(&chart, record, i);
        if (chart.count > 0) { /* a run without labels has no kNN curve */
            moco__html_add(html, "<section class=\"card\"><h3>%s</h3>\n<div class=\"chart\">", chart.title);
            moco__chart_inline(&chart, html);
            moco__html_add(html, "</div></section>\n");
        }
    }
    moco__html_add(html, "</div>\n");
}

static moco_status build(moco__html *html, const moco__record *record)
{
    moco__report_head(html, record);
    moco__report_numbers(html, record);
    write_curves(html, record);
    moco__report_evaluations(html, record);
    moco__report_sheets(html, record);
    moco__report_settings(html, record);
    moco__report_environment(html, record);
    moco__report_log(html, record);
    moco__report_foot(html);
    return html->status;
}

MOCO__DEFINE_INIT(moco_report_options, MOCO_REPORT_OPTIONS_INIT)

moco_status moco_report_write(const char *run, const moco_report_options *options)
{
    MOCO__IN_C_LOCALE;
    char path[MOCO_PATH_MAX];
    moco_report_options o;
    MOCO_CHECK_ARG(run);
    MOCO__READ_OPTIONS(&o, options, MOCO_REPORT_OPTIONS_INIT);
    MOCO_TRY(moco__files_join(path, sizeof path, run, "report.html"));
    moco__record record;
    moco__html html = { .status = MOCO_OK };
    moco_status status = moco__record_read(&record, run);
    if (status == MOCO_OK) {
        status = build(&html, &record);
    }
    if (status == MOCO_OK) {
        status = moco__file_write(o.path != NULL ? o.path : path, html.bytes.data, html.bytes.size);
    }
    moco__bytes_free(&html.bytes);
    moco__record_free(&record);
    return status;
}
