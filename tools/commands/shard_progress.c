/*
 * Shows the progress of moco pack and moco index.
 */
#include "commands/shard_progress.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double line_every = 10; /* seconds, in a pipe */
static const double draw_every = 0.1;

static double started_at, shown_at;
static size_t started_done;
static const char *action;
static bool line_stands;

static void clear_line(void)
{
    if (line_stands) {
        (void)fputs("\r\x1b[K", stdout);
        (void)fflush(stdout);
        line_stands = false;
    }
}

static void print_progress(const moco_shards_progress *p, double time)
{
    char size[32];
    char eta[32];
    const char *slash = strrchr(p->path, '/');
    const char *name = slash != NULL ? slash + 1 : p->path;
    if (strcmp(p->action, "indexing") == 0) {
        (void)printf("%s: %llu sample%s, shard %zu of %zu", name, (unsigned long long)p->bytes, plural(p->bytes),
                     p->done, p->total);
        return;
    }
    const double seconds = time - started_at;
    const double rate = seconds > 0 && p->done > started_done ? (double)(p->done - started_done) / seconds : 0;
    (void)printf("%s %s: %zu of %zu image%s, %s", p->action, name, p->done, p->total, plural(p->total),
                 format_bytes(size, sizeof size, (double)p->bytes));
    if (rate > 0) {
        (void)printf(", %.0f images/s, ETA %s", rate,
                     format_time(eta, sizeof eta, (double)(p->total - p->done) / rate));
    }
}

int shards_show(const moco_shards_progress *progress, void *payload)
{
    (void)payload;
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const double time = clock_now();
    output_lock();
    if (action != progress->action) {
        action = progress->action;
        started_at = time;
        started_done = progress->done;
    }
    const bool lasting = strcmp(action, "indexing") == 0 || progress->done == progress->total;
    const bool due = lasting || time - shown_at >= (terminal ? draw_every : line_every);
    if (!output_settings.quiet && due) {
        output_set_clear(clear_line);
        clear_line();
        print_progress(progress, time);
        if (!terminal || lasting) {
            (void)putchar('\n');
        }
        line_stands = terminal && !lasting;
        (void)fflush(stdout);
        shown_at = time;
    }
    output_unlock();
    return signals_caught() != 0 ? 1 : 0;
}

void shards_show_end(void)
{
    output_lock();
    if (line_stands) {
        (void)putchar('\n');
        (void)fflush(stdout);
        line_stands = false;
    }
    output_set_clear(NULL);
    output_unlock();
}
