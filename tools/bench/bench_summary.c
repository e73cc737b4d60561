/*
 * Summarises repeated measurements.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

double bench_peak_bytes(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * (double)usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Interpolates between the two values that the share falls between. */
static double quantile(const double *sorted, size_t count, double share)
{
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    const size_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

bench_summary bench_summarize(const double *values, size_t count)
{
    double sorted[BENCH_MAX_REPEATS];
    if (count == 0 || count > BENCH_MAX_REPEATS) {
        return (bench_summary){ 0 };
    }
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    const double median = quantile(sorted, count, 0.5);
    const double range = quantile(sorted, count, 0.75) - quantile(sorted, count, 0.25);
    return (bench_summary){ median, sorted[0], sorted[count - 1], median > 0 ? range / median : 0 };
}

void bench_print_json(const char *name, const double *seconds, size_t count)
{
    const bench_summary summary = bench_summarize(seconds, count);
    (void)printf("\"%s\": {\"median\": %.4f, \"min\": %.4f, \"max\": %.4f, \"spread\": %.4f, \"repeats\": [", name,
                 1e3 * summary.median, 1e3 * summary.min, 1e3 * summary.max, summary.spread);
    for (size_t i = 0; i < count; ++i) {
        (void)printf("%s%.4f", i > 0 ? ", " : "", 1e3 * seconds[i]);
    }
    (void)printf("]}");
}
