/* The sheets, tables and texts of a report. */
#include "report/report_internal.h"

#include "base/files_internal.h"
#include "base/handle_internal.h"

#include "moco/config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A sheet of RUN/plots. */
typedef struct picture {
    const char *file, *title, *caption, *alt;
} picture;

static const picture pictures[] = {
    { "pairs.png", "Augmented pairs", "Training images, each with the two views that training compares.",
      "Sheet of training images, each beside two augmented views" },
    { "neighbours.png", "Nearest neighbours",
      "Images on the left, and the training images whose features are nearest; the frame is green where the class is "
      "the same.",
      "Sheet of images, each beside its ten nearest neighbours by features" },
    { "map.png", "Map of features",
      "The two directions in which features vary most (PCA); a point is an image, its colour its class.",
      "Scatter plot of images by two principal components of their features, coloured by class" },
};

static void write_picture(moco__html *html, const picture *p, const char *path, const void *bytes, size_t size)
{
    char stamp[32] = "";
    struct stat info;
    struct tm local;
    if (stat(path, &info) == 0 && localtime_r(&info.st_mtime, &local) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M", &local);
    }
    moco__html_add(html, "<figure class=\"card\"><h3>%s</h3><img alt=\"%s\" src=\"data:image/png;base64,", p->title,
                   p->alt);
    moco__html_base64(html, bytes, size);
    moco__html_add(html, "\"><figcaption>%s Drawn %s.</figcaption></figure>\n", p->caption, stamp);
}

/* False where the picture cannot be read. */
static bool write_if_there(moco__report *report, const picture *p)
{
    char folder[MOCO_PATH_MAX];
    char path[MOCO_PATH_MAX];
    char *bytes = NULL;
    size_t size = 0;
    if (moco__files_join(folder, sizeof folder, report->run, "plots") != MOCO_OK ||
        moco__files_join(path, sizeof path, folder, p->file) != MOCO_OK || !moco__files_exist(path) ||
        moco__file_read(&bytes, &size, path) != MOCO_OK) {
        return false;
    }
    write_picture(&report->html, p, path, bytes, size);
    free(bytes);
    return true;
}

void moco__report_sheets(moco__report *report)
{
    enum { COUNT = sizeof pictures / sizeof pictures[0] };
    const char *missing[COUNT];
    size_t missing_count = 0;
    moco__html_add(&report->html, "<h2>Images</h2>\n");
    for (size_t i = 0; i < COUNT; ++i) {
        if (!write_if_there(report, &pictures[i])) {
            missing[missing_count++] = pictures[i].file;
        }
    }
    for (size_t i = 0; i < missing_count; ++i) {
        moco__html_add(&report->html, "%s%s", i == 0 ? "<p class=\"note\">Not there: " : ", ", missing[i]);
    }
    if (missing_count > 0) {
        moco__html_add(&report->html, ". A sheet is drawn at the end of a run with plots, or by <code>moco report "
                                      "RUN</code>, from the run's newest checkpoint and its data, where these can be "
                                      "read.</p>\n");
    }
}

static void write_knn(moco__report *report)
{
    moco__html *html = &report->html;
    if (report->knn.count == 0) {
        return;
    }
    moco__html_add(html, "<div class=\"card scroll\"><table><caption>kNN accuracy during training</caption><thead><tr>"
                         "<th scope=\"col\">epoch</th><th scope=\"col\" class=\"num\">step</th><th scope=\"col\" "
                         "class=\"num\">accuracy, %%</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < report->knn.count; ++i) {
        moco__html_add(html,
                       "<tr><th scope=\"row\">%.4g</th><td class=\"num\">%.0f</td><td class=\"num\">%.2f</td>"
                       "</tr>\n",
                       report->knn.epochs[i], report->knn.steps[i], report->knn.values[i]);
    }
    moco__html_add(html, "</tbody></table></div>\n");
}

static int is_json(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") == 0 ? 1 : 0;
}

static size_t write_results(moco__report *report)
{
    char folder[MOCO_PATH_MAX];
    char path[MOCO_PATH_MAX];
    struct dirent **entries = NULL;
    size_t written = 0;
    static const char *const lone[] = { "linear.json", "knn.json", "finetune.json" };
    for (size_t i = 0; i < sizeof lone / sizeof lone[0]; ++i) {
        if (moco__files_join(path, sizeof path, report->run, lone[i]) == MOCO_OK && moco__files_exist(path)) {
            moco__report_json(&report->html, path, lone[i]);
            ++written;
        }
    }
    if (moco__files_join(folder, sizeof folder, report->run, "eval") != MOCO_OK) {
        return written;
    }
    const int count = scandir(folder, &entries, is_json, alphasort);
    for (int i = 0; i < count; ++i) {
        if (moco__files_join(path, sizeof path, folder, entries[i]->d_name) == MOCO_OK) {
            moco__report_json(&report->html, path, entries[i]->d_name);
            ++written;
        }
        free(entries[i]);
    }
    free(entries);
    return written;
}

void moco__report_evaluations(moco__report *report)
{
    moco__html_add(&report->html, "<h2>Evaluations</h2>\n<div class=\"cols\">\n");
    write_knn(report);
    const size_t written = write_results(report);
    moco__html_add(&report->html, "</div>\n");
    if (report->knn.count == 0 && written == 0) {
        moco__html_add(&report->html,
                       "<p class=\"note\">There are none yet: no kNN monitor has run, and no results are "
                       "in the run's folder.</p>\n");
    }
}

/* A row of a name and a text. */
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

/* Settings in the order of config.yaml, a table for each run of lines of one group. */
static void write_settings(moco__report *report)
{
    moco__html *html = &report->html;
    const char *group = NULL;
    for (const char *line = report->config; *line != '\0';) {
        char name[64];
        char value[MOCO_PATH_MAX];
        const size_t size = strcspn(line, "\n");
        const size_t length = strcspn(line, ":\n");
        (void)snprintf(name, sizeof name, "%.*s", (int)length, line);
        if (line[0] != '#' && length < size && moco__report_setting(value, sizeof value, report, name)) {
            const char *of_line = group_of(name);
            if (group == NULL || strcmp(group, of_line) != 0) {
                moco__html_add(html, "%s<div class=\"card scroll\"><table><caption>",
                               group != NULL ? "</tbody></table></div>\n" : "");
                moco__html_text(html, of_line);
                moco__html_add(html, "</caption><tbody>\n");
                group = of_line;
            }
            write_row(html, name, value, strlen(value));
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    moco__html_add(html, "%s", group != NULL ? "</tbody></table></div>\n" : "");
}

void moco__report_settings(moco__report *report)
{
    moco__html_add(&report->html, "<h2>Settings</h2>\n");
    if (report->config == NULL) {
        moco__html_add(&report->html, "<p class=\"note\">config.yaml is not there.</p>\n");
        return;
    }
    moco__html_add(&report->html, "<div class=\"cols\">\n");
    write_settings(report);
    moco__html_add(&report->html, "</div>\n");
}

/* "libmoco 0.1.0, libtorch 2.11.0, CPU, AVX512, 2 threads" as rows. */
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

void moco__report_environment(moco__report *report)
{
    moco__html *html = &report->html;
    size_t length = 0;
    moco__html_add(html, "<h2>Environment</h2>\n");
    const char *versions = moco__report_log_line(&length, report, "libmoco ");
    if (versions == NULL || strncmp(versions, "libmoco ", 8) != 0) {
        moco__html_add(html, "<p class=\"note\">The log tells nothing of it.</p>\n");
        return;
    }
    moco__html_add(html, "<div class=\"card scroll\"><table><tbody>\n");
    write_versions(html, versions, length);
    static const char *const more[][2] = { { "data", " images of " }, { "processes", " processes, each " } };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; ++i) {
        const char *line = moco__report_log_line(&length, report, more[i][1]);
        if (line != NULL) {
            write_row(html, more[i][0], line, length);
        }
    }
    write_row(html, "started", report->log, 19); /* the line that was found has a time, so the first has */
    const char *last = report->log + strlen(report->log) - (size_t)(strlen(report->log) > 0);
    while (last > report->log && last[-1] != '\n') {
        --last;
    }
    write_row(html, "last entry", last, strnlen(last, 19));
    moco__html_add(html, "</tbody></table></div>\n");
}

void moco__report_log(moco__report *report)
{
    enum { SHOWN = 65536 }; /* the end of a longer log */
    if (report->log == NULL) {
        return;
    }
    const size_t size = strlen(report->log);
    const char *from = size > SHOWN ? report->log + size - SHOWN : report->log;
    moco__html_add(&report->html, "<h2>Log</h2>\n<details class=\"card\"><summary>train.log%s</summary><pre>",
                   size > SHOWN ? ", its end" : "");
    moco__html_text(&report->html, from);
    moco__html_add(&report->html, "</pre></details>\n");
}
