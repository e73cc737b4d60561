/* The head of a report: its style, its title, and where the run stands. */
#include "report/report_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Each literal is short enough for any C compiler. Colours are those of the charts' PNG files, lighter in the dark. */
static const char *const style[] = {
    ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1f2328;--soft:#5b6470;--line:#dfe3e8;"
    "--c0:#1f6fb5;--c1:#d9730d;--c2:#2e9e4f;--c3:#d03b3b;--ok:#1a7f37;--busy:#9a6700}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#0f1216;--card:#181c22;--ink:#e4e8ed;--soft:#9aa4b1;"
    "--line:#2c333c;--c0:#5aa9e6;--c1:#f0a04b;--c2:#58c47a;--c3:#f07a7a;--ok:#4ac26b;--busy:#d4a72c}}\n",
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "header,main,footer{max-width:1120px;margin:0 auto;padding:0 20px}header{padding-top:32px}"
    "footer{color:var(--soft);font-size:13px;padding-bottom:32px}\n"
    "h1{font-size:26px;margin:0;overflow-wrap:anywhere}h2{font-size:18px;margin:36px 0 12px}"
    "h3{font-size:14px;margin:0 0 8px;font-weight:600}\n",
    ".sub{color:var(--soft);margin:4px 0 0;overflow-wrap:anywhere}.badge{display:inline-block;font-size:13px;"
    "font-weight:600;border:1px solid;border-radius:99px;padding:1px 10px;margin-right:8px}"
    ".ok{color:var(--ok)}.busy{color:var(--busy)}\n"
    ".grid{display:grid;gap:14px}.tiles{grid-template-columns:repeat(auto-fit,minmax(158px,1fr))}"
    ".charts{grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))}\n"
    ".card,.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;min-width:0}"
    ".tile dt{color:var(--soft);font-size:13px}.tile dd{margin:0}.tile .big{font-size:24px;font-weight:650;"
    "line-height:1.3;font-variant-numeric:tabular-nums}.tile small{color:var(--soft)}dl{margin:0}\n",
    "figure{margin:0 0 14px}figure img{display:block;max-width:100%;height:auto;background:#fff;border-radius:6px;"
    "margin:0 auto}figcaption,.note{color:var(--soft);font-size:13px}figcaption{margin-top:8px}"
    ".note{margin:6px 0;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px;"
    "font-variant-numeric:tabular-nums}th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid "
    "var(--line);vertical-align:top}td{overflow-wrap:anywhere}thead th{color:var(--soft);font-weight:600}"
    "tbody th{font-weight:500;width:38%;overflow-wrap:anywhere}tr:last-child>*{border-bottom:0}caption{text-align:left;"
    "font-weight:600;padding-bottom:6px}.num{text-align:right;white-space:nowrap}\n",
    ".cols{columns:2 380px;column-gap:14px}.cols .card{break-inside:avoid;margin:0 0 14px;display:inline-block;"
    "width:100%}pre{margin:10px 0 0;font:12.5px/1.5 ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "white-space:pre-wrap;overflow-wrap:anywhere;max-height:460px;overflow-y:auto}summary{cursor:pointer;"
    "font-weight:600}\n",
    "svg{display:block;width:100%;height:auto}svg text{fill:var(--soft);font-size:12px}svg .grid-line{stroke:"
    "var(--line)}svg .frame{stroke:var(--soft);fill:none}svg polyline{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.f0{fill:var(--c0)}.f1{fill:var(--c1)}.legend{display:flex;gap:14px;"
    "color:var(--soft);font-size:13px;margin:0 0 4px}.key{display:inline-block;width:18px;height:0;"
    "border-top:3px solid;vertical-align:middle;margin-right:6px}.k0{color:var(--c0)}.k1{color:var(--c1)}\n",
    "@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--c0:#1f6fb5;--c1:#d9730d}",
    "body{font-size:12px}.card,.tile,figure{break-inside:avoid}pre{max-height:none}}\n",
};

/* The last part of a path. */
static void last_part(char *out, size_t size, const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        --end;
    }
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') {
        --begin;
    }
    (void)snprintf(out, size, "%.*s", (int)(end - begin), path + begin);
}

/* Whether the run is done, and else how far it has come and what it said last. */
static void write_state(moco__report *report)
{
    moco__html *html = &report->html;
    const double epochs = moco__report_number(report, "epochs");
    const double done = report->loss.count > 0 ? report->loss.epochs[report->loss.count - 1] : 0;
    const bool finished = isfinite(epochs) && done >= epochs - 1e-6;
    if (finished) {
        moco__html_add(html, "<span class=\"badge ok\">finished</span>");
    } else {
        moco__html_add(html, "<span class=\"badge busy\">not finished</span>epoch %.4g", done);
        if (isfinite(epochs)) {
            moco__html_add(html, " of %g", epochs);
        }
        size_t length = 0;
        const char *line = moco__report_log_line(&length, report, "");
        if (line != NULL) {
            moco__html_add(html, "; the log ends with: ");
            moco__html_text_part(html, line, length);
        }
    }
}

static void write_subject(moco__report *report)
{
    char arch[64];
    char data[1024];
    if (moco__report_setting(arch, sizeof arch, report, "arch") &&
        moco__report_setting(data, sizeof data, report, "data")) {
        moco__html_add(&report->html, "<p class=\"sub\">");
        moco__html_textf(&report->html, "Momentum Contrast, %s, on %s", arch, data);
        moco__html_add(&report->html, "</p>\n");
    }
}

void moco__report_head(moco__report *report)
{
    moco__html *html = &report->html;
    char name[256];
    last_part(name, sizeof name, report->run);
    moco__html_add(html,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                   "content=\"width=device-width, initial-scale=1\">\n<title>");
    moco__html_text(html, name);
    moco__html_add(html, " - moco report</title>\n<style>\n");
    for (size_t i = 0; i < sizeof style / sizeof style[0]; ++i) {
        moco__html_add(html, "%s", style[i]);
    }
    moco__html_add(html, "</style>\n</head>\n<body>\n<header>\n<h1>");
    moco__html_text(html, name);
    moco__html_add(html, "</h1>\n");
    write_subject(report);
    moco__html_add(html, "<p class=\"sub\">");
    write_state(report);
    moco__html_add(html, "</p>\n</header>\n<main>\n");
}
