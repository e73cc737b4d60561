/*
 * Declares the parts that `moco bench` measures.
 */
#ifndef MOCO_TOOLS_BENCH_BENCH_H
#define MOCO_TOOLS_BENCH_BENCH_H

#include "cli/command.h"

typedef struct bench_options {
    moco_config config;     /* data, network and method; 0: the default of the part */
    int64_t limit, seconds; /* of the loader */
    int64_t steps, repeats, warmup;
    bool json;
} bench_options;

enum { BENCH_MAX_REPEATS = 1000 };

/* Each measures a part, prints the result, and returns the exit code. */
int bench_loader(const bench_options *options, const char *data);
int bench_step(const bench_options *options, const char *data);
int bench_train(const bench_options *options, const char *data);

/* Makes a loader of the images by the settings; the part sets the rest of @p order and @p how. */
moco_status bench_open_loader(moco_sampler **sampler, moco_loader **loader, const moco_dataset *images,
                              const moco_config *config, moco_sampler_options order, moco_loader_options how);

/* Returns the peak memory of the process so far, in bytes. */
double bench_peak_bytes(void);

/* A summary of repeated measurements. */
typedef struct bench_summary {
    double median, min, max;
    double spread; /* the range of the middle half, as a share of the median */
} bench_summary;
bench_summary bench_summarize(const double *values, size_t count);

/* Prints the summary of seconds as a JSON object in milliseconds. */
void bench_print_json(const char *name, const double *seconds, size_t count);

#endif
