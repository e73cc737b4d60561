/*
 * Shows the progress of a training run: a bar in a terminal, plain lines in a pipe.
 */
#include "cli/progress_bar.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/signals.h"

#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FIELD_SIZE = 32, MIN_BAR = 8, MAX_BAR = 40 };

static moco_progress latest;
static double drawn_at;
static bool bar_is_shown;
static bool reader_left;

const moco_progress *progress_last(void)
{
    return &latest;
}

static void clear_bar(void)
{
    if (bar_is_shown) {
        (void)fputs("\r\x1b[K", stdout);
        (void)fflush(stdout);
        bar_is_shown = false;
        drawn_at = 0;
    }
}

/* Metrics come every few steps and are kept until the next; positions are always new. */
static void merge(const moco_progress *progress)
{
    const moco_progress before = latest;
    latest = *progress;
    if (!progress->has_metrics && before.steps != 0) {
        latest.loss = before.loss;
        latest.acc1 = before.acc1;
        latest.acc5 = before.acc5;
        latest.images_per_s = before.images_per_s;
        latest.data_wait = before.data_wait;
    }
}

/* A field after the bar. */
typedef struct field {
    char text[FIELD_SIZE];
    int rank; /* fields with higher ranks are left out first if the line is short */
} field;

enum { FIELD_COUNT = 8 };

static void make_fields(field fields[FIELD_COUNT])
{
    char eta[FIELD_SIZE];
    char lr[FIELD_SIZE];
    const bool measured = latest.images_per_s > 0;
    memset(fields, 0, FIELD_COUNT * sizeof fields[0]);
    const int ranks[FIELD_COUNT] = { 7, 0, 5, 2, 4, 3, 1, 6 };
    for (int i = 0; i < FIELD_COUNT; ++i) {
        fields[i].rank = ranks[i];
    }
    (void)snprintf(fields[0].text, FIELD_SIZE, "step %llu/%llu", (unsigned long long)latest.step,
                   (unsigned long long)latest.steps);
    if (!isnan(latest.loss)) {
        (void)snprintf(fields[1].text, FIELD_SIZE, "loss %.3f", latest.loss);
    }
    (void)snprintf(fields[2].text, FIELD_SIZE, "lr %s", format_number(lr, sizeof lr, 3, latest.lr));
    if (measured) {
        (void)snprintf(fields[3].text, FIELD_SIZE, "%.0f img/s", latest.images_per_s);
        (void)snprintf(fields[4].text, FIELD_SIZE, "data %.0f %%", 100 * latest.data_wait);
    }
    if (!isnan(latest.knn_acc1)) {
        (void)snprintf(fields[5].text, FIELD_SIZE, "kNN %.1f %%", latest.knn_acc1);
    } else if (!isnan(latest.val_acc1)) {
        (void)snprintf(fields[5].text, FIELD_SIZE, "val %.1f %%", latest.val_acc1);
    }
    if (!isnan(latest.rankme)) {
        (void)snprintf(fields[7].text, FIELD_SIZE, "rank %.0f", latest.rankme);
    }
    if (!isnan(latest.eta_s)) {
        (void)snprintf(fields[6].text, FIELD_SIZE, "ETA %s", format_time(eta, sizeof eta, latest.eta_s));
    }
}

/* Removes the least important fields until the rest fits; returns the columns that are left. */
static int fit_fields(field fields[FIELD_COUNT], int room)
{
    int used = 0;
    for (int i = 0; i < FIELD_COUNT; ++i) {
        used += fields[i].text[0] != '\0' ? (int)strlen(fields[i].text) + 2 : 0;
    }
    for (int rank = FIELD_COUNT - 1; rank >= 0 && used > room; --rank) {
        for (int i = 0; i < FIELD_COUNT; ++i) {
            if (fields[i].rank == rank && fields[i].text[0] != '\0') {
                used -= (int)strlen(fields[i].text) + 2;
                fields[i].text[0] = '\0';
            }
        }
    }
    return room - used;
}

static int terminal_columns(void)
{
    struct winsize window;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

static void draw_cells(int cells, double done)
{
    const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const bool colour = output_has_colour(STDOUT_FILENO);
    const int full = (int)(done * cells);
    (void)fputs(colour ? "\x1b[32m" : "", stdout);
    for (int i = 0; i < cells; ++i) {
        if (i == full) {
            (void)fputs(colour ? "\x1b[2;39m" : "", stdout);
        }
        (void)fputs(i < full ? (utf8 ? "\u2501" : "=") : (utf8 ? "\u2500" : "."), stdout);
    }
    (void)fputs(colour ? "\x1b[0m" : "", stdout);
}

static void draw_bar(void)
{
    /* Keep the last column free, as some terminals wrap there. */
    const int columns = terminal_columns() - 1;
    const double done = latest.steps > 0 ? (double)latest.step / (double)latest.steps : 0;
    char epoch[48];
    const uint64_t shown = latest.epoch < latest.epochs ? latest.epoch + 1 : latest.epochs;
    const int prefix =
        snprintf(epoch, sizeof epoch, "epoch %llu/%llu ", (unsigned long long)shown, (unsigned long long)latest.epochs);
    const int percent = 6;
    field fields[FIELD_COUNT];
    make_fields(fields);
    const int left = fit_fields(fields, columns - prefix - percent - MIN_BAR);
    const int cells = MIN_BAR + left > MAX_BAR ? MAX_BAR : MIN_BAR + left;
    (void)fputs("\r\x1b[K", stdout);
    if (cells < 1) {
        (void)printf("%.*s", columns, epoch);
    } else {
        (void)fputs(epoch, stdout);
        draw_cells(cells, done);
        (void)printf(" %3.0f %%", floor(100 * done));
        for (int i = 0; i < FIELD_COUNT; ++i) {
            (void)printf("%s%s", fields[i].text[0] != '\0' ? "  " : "", fields[i].text);
        }
    }
    (void)fflush(stdout);
    bar_is_shown = true;
}

static void print_line(void)
{
    char eta[FIELD_SIZE];
    char lr[FIELD_SIZE];
    (void)printf("epoch %llu/%llu  step %llu/%llu  loss %.4f  acc1 %.2f  acc5 %.2f  lr %s  %.0f images/s  "
                 "data wait %.0f %%",
                 (unsigned long long)latest.epoch + 1, (unsigned long long)latest.epochs,
                 (unsigned long long)latest.step, (unsigned long long)latest.steps, latest.loss, latest.acc1,
                 latest.acc5, format_number(lr, sizeof lr, 4, latest.lr), latest.images_per_s, 100 * latest.data_wait);
    if (!isnan(latest.knn_acc1)) {
        (void)printf("  kNN %.2f %%", latest.knn_acc1);
    }
    if (!isnan(latest.spread)) {
        (void)printf("  spread %.2f", latest.spread);
    }
    if (!isnan(latest.rankme)) {
        (void)printf("  rank %.0f", latest.rankme);
    }
    if (!isnan(latest.val_acc1)) {
        (void)printf("  val %.2f %%", latest.val_acc1);
    }
    if (!isnan(latest.eta_s)) {
        (void)printf("  ETA %s", format_time(eta, sizeof eta, latest.eta_s));
    }
    (void)putchar('\n');
    /* If the reader leaves, the run still continues and writes metrics and checkpoints. */
    reader_left = fflush(stdout) != 0;
}

int progress_show(const moco_progress *progress, void *payload)
{
    (void)payload;
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    output_lock();
    merge(progress);
    if (!output_settings.quiet && terminal) {
        const double time = clock_now();
        output_set_clear(clear_bar);
        if (time - drawn_at > 0.1 || latest.step == latest.steps) {
            draw_bar();
            drawn_at = time;
        }
    } else if (!output_settings.quiet && progress->has_metrics && !reader_left) {
        print_line();
    }
    output_unlock();
    return signals_caught() != 0 ? 1 : 0;
}

void progress_end(void)
{
    output_lock();
    if (bar_is_shown) {
        (void)putchar('\n');
        (void)fflush(stdout);
        bar_is_shown = false;
    }
    output_set_clear(NULL);
    output_unlock();
}
