/*
 * Draws a metric of many runs against one of their settings.
 */
#include "commands/plot_runs.h"

#include "cli/command.h"
#include "cli/output.h"
#include "commands/run_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs with the same x and the same line. */
typedef struct group {
    char x[SETTING_SIZE], line[SETTING_SIZE + 64];
    size_t count;
    double sum, squares;
} group;

typedef struct groups {
    group *all;
    size_t count;
} groups;

/* ---- Which runs ---- */

static moco_status find_option(const moco_option **out, const char *argument, const char *name)
{
    *out = moco_config_find_option(name);
    const char *near = *out == NULL ? moco_config_suggest(name) : NULL;
    if (*out != NULL) {
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID, "--%s: there is no setting '%s'%s%s%s", argument, name,
                          near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

/* Keeps the runs that are done: others would pull the means to their present values. */
static void keep_done(run_list *list)
{
    size_t kept = 0;
    const size_t all = list->count;
    for (size_t i = 0; i < all; ++i) {
        const run_entry entry = list->entries[i];
        if (entry.info.state == MOCO_RUN_DONE && entry.config != NULL) {
            list->entries[kept++] = entry;
        } else {
            free(entry.config);
        }
    }
    list->count = kept;
    if (kept < all) {
        say_note("%zu of %zu runs are left out, since they are not done or have no config.yaml; moco runs shows them",
                 all - kept, all);
    }
}

static bool same_setting(const run_entry *one, const run_entry *other, const moco_option *option)
{
    char texts[2][SETTING_SIZE] = { "", "" };
    if (option != NULL) {
        run_setting(texts[0], one, option);
        run_setting(texts[1], other, option);
    }
    return strcmp(texts[0], texts[1]) == 0;
}

/* Moves the runs of the last run's point to the end of a list, and returns how many they are. */
static size_t take_point(const run_list *list, const moco_option *x, const moco_option *by)
{
    size_t begin = list->count - 1;
    for (size_t i = begin; i-- > 0;) {
        const run_entry entry = list->entries[i];
        if (same_setting(&entry, &list->entries[list->count - 1], x) &&
            same_setting(&entry, &list->entries[list->count - 1], by)) {
            list->entries[i] = list->entries[--begin];
            list->entries[begin] = entry;
        }
    }
    return list->count - begin;
}

/* Says in what the runs of one point differ, beside their seeds. The order of the list changes. */
static void warn_of_others(const run_list *list, const moco_option *x, const moco_option *by)
{
    bool differs[MAX_SETTINGS] = { false };
    const moco_option *option = NULL;
    char names[512] = "";
    size_t used = 0;
    for (run_list rest = *list; rest.count > 0;) {
        const size_t count = take_point(&rest, x, by);
        rest.count -= count;
        const run_list point = { .entries = rest.entries + rest.count, .count = count };
        for (size_t i = 0; (option = moco_config_option(i)) != NULL && i < MAX_SETTINGS; ++i) {
            differs[i] = differs[i] || (strcmp(option->name, "seed") != 0 && run_list_differs(&point, option));
        }
    }
    for (size_t i = 0; (option = moco_config_option(i)) != NULL && i < MAX_SETTINGS && used < sizeof names; ++i) {
        if (differs[i]) {
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", option->name);
        }
    }
    if (names[0] != '\0') {
        say_note(
            "runs of one point differ in %s too, and the point is their mean; --by, or fewer folders, separate them",
            names);
    }
}

/* ---- Means ---- */

static group *group_of(groups *g, const char *x, const char *line)
{
    for (size_t i = 0; i < g->count; ++i) {
        if (strcmp(g->all[i].x, x) == 0 && strcmp(g->all[i].line, line) == 0) {
            return &g->all[i];
        }
    }
    group *made = &g->all[g->count++];
    (void)snprintf(made->x, sizeof made->x, "%s", x);
    (void)snprintf(made->line, sizeof made->line, "%s", line);
    return made;
}

static double mean_of(const group *g)
{
    return g->sum / (double)g->count;
}

static double deviation_of(const group *g)
{
    const double n = (double)g->count;
    return g->count > 1 ? sqrt(fmax(0, (g->squares - g->sum * g->sum / n) / (n - 1))) : NAN;
}

static int compare(const void *a, const void *b)
{
    const group *one = a;
    const group *other = b;
    const int order = strverscmp(one->line, other->line);
    const double difference = strtod(one->x, NULL) - strtod(other->x, NULL);
    return order != 0 ? order : difference != 0 ? (difference < 0 ? -1 : 1) : strverscmp(one->x, other->x);
}

static moco_status collect(groups *g, const run_list *list, const plot_runs_job *job, const moco_option *x,
                           const moco_option *by)
{
    for (size_t i = 0; i < list->count; ++i) {
        const run_entry *entry = &list->entries[i];
        char at[SETTING_SIZE];
        char value[SETTING_SIZE];
        char line[SETTING_SIZE + 64] = "";
        run_metric metric;
        const moco_status status = run_metric_read(&metric, entry, job->metric);
        if (status != MOCO_OK) {
            return status;
        }
        const double number = job->best ? metric.best : metric.last;
        run_setting(at, entry, x);
        if (by != NULL) {
            run_setting(value, entry, by);
            const bool speaks = by->kind == MOCO_OPTION_NAME || by->kind == MOCO_OPTION_CHOICE;
            (void)snprintf(line, sizeof line, "%s%s%s", speaks ? "" : by->name, speaks ? "" : " ", value);
        }
        if (isfinite(number)) {
            group *of = group_of(g, at, line);
            of->count += 1;
            of->sum += number;
            of->squares += number * number;
        }
    }
    qsort(g->all, g->count, sizeof *g->all, compare);
    return g->count > 0 ? MOCO_OK
                        : moco_error_set(MOCO_ENOTFOUND, "none of the %zu runs that are done has the metric \"%s\"",
                                         list->count, job->metric);
}

/* ---- Output ---- */

static void print_groups(const groups *g, const plot_runs_job *job, const moco_option *x)
{
    (void)printf("%-20s %-24s %5s %12s %12s\n", x->name, job->by, "runs", job->metric, "deviation");
    for (size_t i = 0; i < g->count; ++i) {
        const group *of = &g->all[i];
        (void)printf("%-20s %-24s %5zu %12.4f ", of->x, of->line, of->count, mean_of(of));
        if (of->count > 1) {
            (void)printf("%12.4f\n", deviation_of(of));
        } else {
            (void)printf("%12s\n", "-");
        }
    }
}

static moco_status draw(const groups *g, const plot_runs_job *job, const moco_option *x)
{
    moco_points_options options = MOCO_POINTS_OPTIONS_INIT;
    moco_plot_point *points = calloc(g->count + 1, sizeof *points);
    char title[256];
    size_t most = 0;
    if (points == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu points", g->count);
    }
    for (size_t i = 0; i < g->count; ++i) {
        const group *of = &g->all[i];
        points[i] = (moco_plot_point){ of->line, of->x, mean_of(of), deviation_of(of) };
        most = of->count > most ? of->count : most;
    }
    (void)snprintf(title, sizeof title, "%s%s by %s", job->best ? "Best " : "", job->metric, x->name);
    if (most > 1) {
        const size_t length = strlen(title);
        (void)snprintf(title + length, sizeof title - length, " (mean and standard deviation of up to %zu runs)", most);
    }
    options.title = title;
    options.x_label = x->name;
    options.label = strstr(job->metric, "acc") != NULL ? "accuracy (%)" : job->metric;
    options.format = job->format;
    const moco_status status = moco_plot_points(job->out, points, g->count, &options);
    free(points);
    return status;
}

static moco_status work(run_list *list, const plot_runs_job *job)
{
    const moco_option *x = NULL;
    const moco_option *by = NULL;
    groups g = { .count = 0 };
    moco_status status = find_option(&x, "x", job->x);
    if (status == MOCO_OK && job->by[0] != '\0') {
        status = find_option(&by, "by", job->by);
    }
    if (status == MOCO_OK && by == x) {
        status = moco_error_set(MOCO_EINVALID,
                                "--by '%s' is what --x draws already; give another setting, or leave it out", job->by);
    }
    if (status == MOCO_OK) {
        status = run_list_read(list, job->folders, job->folder_count);
    }
    if (status != MOCO_OK) {
        return status;
    }
    keep_done(list);
    warn_of_others(list, x, by);
    g.all = calloc(list->count > 0 ? list->count : 1, sizeof *g.all);
    if (g.all == NULL) {
        return moco_error_set(MOCO_ENOMEM, "out of memory for %zu runs", list->count);
    }
    status = collect(&g, list, job, x, by);
    if (status == MOCO_OK) {
        print_groups(&g, job, x);
        status = draw(&g, job, x);
    }
    if (status == MOCO_OK) {
        status = run_list_check(list);
    }
    free(g.all);
    return status;
}

moco_status plot_runs(const plot_runs_job *job)
{
    run_list list = { .count = 0 };
    const moco_status status = work(&list, job);
    run_list_free(&list);
    return status;
}
