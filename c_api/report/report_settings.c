/* Shows the settings, the environment and the log of a run. */
#include "report/report_settings_internal.h"

#include "base/files_internal.h"

#include "moco/config.h"

#include <string.h>

/* Writes a row of a name and a text. */
static void write_row(moco__html *html, const char *name, const char *value, size_t length)
{
    moco__html_add(html, "<tr><th scope=\"row\">");
    moco__html_text(html, name);
    moco__html_add(html, "</th><td>");
    moco__html_text_part(html, value, length);
    moco__html_add(html, "</td></tr>\n");
}

static const char *group_of(const char *name)
{
    const moco_option *option = moco_config_find_option(name);
    return option != NULL && option->group != NULL ? option->group : "Others";
}

/* Writes the settings in the order of config.yaml, one table for each run of lines of one group. */
static void write_settings(moco__html *html, const moco__record *record)
{
    const char *group = NULL;
    for (const char *line = record->config; *line != '\0';) {
        char name[64];
        char value[MOCO_PATH_MAX];
        const size_t size = strcspn(line, "\n");
        const size_t length = strcspn(line, ":\n");
        (void)snprintf(name, sizeof name, "%.*s", (int)length, line);
        if (line[0] != '#' && length < size && moco__record_setting(value, sizeof value, record, name)) {
            const char *of_line = group_of(name);
            if (group == NULL || strcmp(group, of_line) != 0) {
                moco__html_add(html, "%s<div class=\"card scroll\"><table><caption>",
                               group != NULL ? "</tbody></table></div>\n" : "");
                moco__html_text(html, of_line);
                moco__html_add(html, "</caption><tbody>\n");
                group = of_line;
            }
            write_row(html, name, value[0] != '\0' ? value : "–", value[0] != '\0' ? strlen(value) : strlen("–"));
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    moco__html_add(html, "%s", group != NULL ? "</tbody></table></div>\n" : "");
}

void moco__report_settings(moco__html *html, const moco__record *record)
{
    moco__html_add(html, "<h2>Settings</h2>\n");
    if (record->config == NULL) {
        moco__html_add(html, "<p class=\"note\">config.yaml is missing.</p>\n");
        return;
    }
    moco__html_add(html, "<div class=\"cols\">\n");
    write_settings(html, record);
    moco__html_add(html, "</div>\n");
}

/* Writes "libmoco 0.1.0, libtorch 2.11.0, CPU, AVX512, 2 threads" as rows. */
static void write_versions(moco__html *html, const char *line, size_t length)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%.*s", (int)length, line);
    char *torch = strstr(text, ", libtorch ");
    char *device = torch != NULL ? strchr(torch + 2, ',') : NULL;
    char *threads = device != NULL ? strrchr(device + 1, ',') : NULL;
    if (threads == NULL) {
        write_row(html, "versions", text, strlen(text));
        return;
    }
    *torch = *device = *threads = '\0';
    threads[2 + strcspn(threads + 2, " ")] = '\0';
    const struct {
        const char *name, *value;
    } rows[] = { { "libmoco", text + strlen("libmoco ") },
                 { "libtorch", torch + strlen(", libtorch ") },
                 { "device", device + 2 },
                 { "threads", threads + 2 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        write_row(html, rows[i].name, rows[i].value, strlen(rows[i].value));
    }
}

void moco__report_environment(moco__html *html, const moco__record *record)
{
    size_t length = 0;
    moco__html_add(html, "<h2>Environment</h2>\n");
    const char *versions = moco__record_log_line(&length, record, "libmoco ");
    if (versions == NULL || strncmp(versions, "libmoco ", 8) != 0) {
        moco__html_add(html, "<p class=\"note\">The log does not describe it.</p>\n");
        return;
    }
    moco__html_add(html, "<div class=\"card scroll\"><table><tbody>\n");
    write_versions(html, versions, length);
    static const char *const more[][2] = { { "data", " images of " },
                                           { "network", " million parameters" },
                                           { "processes", " processes, each " } };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; ++i) {
        const char *line = moco__record_log_line(&length, record, more[i][1]);
        if (line != NULL) {
            write_row(html, more[i][0], line, length);
        }
    }
    write_row(html, "started", record->log, 19); /* the line that was found has a time, so the first has */
    const char *last = record->log + strlen(record->log) - (size_t)(strlen(record->log) > 0);
    while (last > record->log && last[-1] != '\n') {
        --last;
    }
    write_row(html, "last entry", last, strnlen(last, 19));
    moco__html_add(html, "</tbody></table></div>\n");
}

void moco__report_log(moco__html *html, const moco__record *record)
{
    enum { SHOWN = 65536 }; /* the end of a longer log */
    if (record->log == NULL) {
        return;
    }
    const size_t size = strlen(record->log);
    const char *from = size > SHOWN ? record->log + size - SHOWN : record->log;
    moco__html_add(html, "<h2>Log</h2>\n<details class=\"card\"><summary>train.log%s</summary><pre>",
                   size > SHOWN ? ", its end" : "");
    moco__html_text(html, from);
    moco__html_add(html, "</pre></details>\n");
}
