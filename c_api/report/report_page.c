/* Writes the head and the foot of a page: its style, its title, and how far the run has come. */
#include "report/report_page_internal.h"

#include "base/version_internal.h"

#include "moco/version.h"

#include <moco_page_css.h>

#include <math.h>
#include <stdio.h>
#include <time.h>

/* Says whether the run is finished, and if not, how far it has come and how its log ends. */
static void write_state(moco__html *html, const moco__record *record)
{
    const moco_series *loss = &record->metrics[MOCO__LOSS];
    const double epochs = moco__record_number(record, "epochs");
    const double done = loss->count > 0 ? loss->epochs[loss->count - 1] : 0;
    const bool finished = isfinite(epochs) && done >= epochs - 1e-6;
    if (finished) {
        moco__html_add(html, "<span class=\"badge ok\">finished</span>");
    } else {
        moco__html_add(html, "<span class=\"badge busy\">not finished</span>epoch %.4g", done);
        if (isfinite(epochs)) {
            moco__html_add(html, " of %.0f", epochs);
        }
        size_t length = 0;
        const char *line = moco__record_log_line(&length, record, "");
        if (line != NULL) {
            moco__html_add(html, "; the log ends with: ");
            moco__html_text_part(html, line, length);
        }
    }
}

static void write_subject(moco__html *html, const moco__record *record)
{
    char arch[64];
    char data[1024];
    if (moco__record_setting(arch, sizeof arch, record, "arch") &&
        moco__record_setting(data, sizeof data, record, "data")) {
        moco__html_add(html, "<p class=\"sub\">");
        moco__html_textf(html, "Momentum Contrast, %s, on %s", arch, data);
        moco__html_add(html, "</p>\n");
    }
}

void moco__report_head(moco__html *html, const moco__record *record)
{
    char name[256];
    moco__run_name(name, sizeof name, record->run);
    moco__html_add(html,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                   "content=\"width=device-width, initial-scale=1\">\n<title>");
    moco__html_text(html, name);
    moco__html_add(html, " - moco report</title>\n<style>\n");
    moco__html_bytes(html, moco__page_css, sizeof moco__page_css - 1);
    moco__html_add(html, "</style>\n</head>\n<body>\n<header>\n<h1>");
    moco__html_text(html, name);
    moco__html_add(html, "</h1>\n");
    write_subject(html, record);
    moco__html_add(html, "<p class=\"sub\">");
    write_state(html, record);
    moco__html_add(html, "</p>\n</header>\n<main>\n");
}

void moco__report_foot(moco__html *html)
{
    char stamp[32] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);
    }
    moco__html_add(html, "</main>\n<footer>Written %s by libmoco %s%s%s.</footer>\n</body>\n</html>\n", stamp,
                   moco_version(), moco__commit()[0] != '\0' ? ", commit " : "", moco__commit());
}
