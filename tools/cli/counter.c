/*
 * Shows the progress of a pass over images.
 */
#include "cli/counter.h"

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/signals.h"

#include <stdio.h>
#include <unistd.h>

static const char *subject = "images";
static double started_at, shown_at;
static bool is_shown;

static void clear(void)
{
    if (is_shown) {
        (void)fputs("\r\x1b[K", stderr);
        (void)fflush(stderr);
        is_shown = false;
    }
}

void counter_start(const char *what)
{
    subject = what;
    started_at = clock_now();
    shown_at = 0;
}

int counter_show(size_t done, size_t count, void *payload)
{
    (void)payload;
    const double time = clock_now();
    if (output_settings.quiet || isatty(STDERR_FILENO) != 1 || (time - shown_at < 0.1 && done < count)) {
        return signals_caught() != 0 ? 1 : 0;
    }
    char left[32];
    const double rate = (double)done / (time - started_at > 1e-9 ? time - started_at : 1e-9);
    output_lock();
    output_set_clear(clear);
    clear();
    (void)fprintf(stderr, "%s  %zu/%zu  %3.0f %%  %.0f/s  ETA %s", subject, done, count,
                  100 * (double)done / (double)count, rate,
                  format_time(left, sizeof left, (double)(count - done) / (rate > 0 ? rate : 1)));
    (void)fflush(stderr);
    is_shown = true;
    shown_at = time;
    output_unlock();
    return signals_caught() != 0 ? 1 : 0;
}

void counter_end(void)
{
    output_lock();
    clear();
    output_set_clear(NULL);
    output_unlock();
}
