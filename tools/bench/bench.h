/*
 * The parts that `moco bench` measures.
 */
#ifndef MOCO_TOOLS_BENCH_BENCH_H
#define MOCO_TOOLS_BENCH_BENCH_H

#include "cli/command.h"

typedef struct bench_options {
    /* data */
    char recipe[16], format[16], augment_precision[8];
    int64_t image_size, workers, batch, limit, seconds; /* 0: each part's own */
    /* network and method */
    char arch[32], precision[8], layout[8], device[16];
    int64_t dim, queue_size, bn_splits, threads;
    bool mlp, cifar_stem, symmetric;
    /* how it is measured */
    int64_t steps, repeats, warmup;
    bool json;
} bench_options;

enum { BENCH_MAX_REPEATS = 1000 };

/* Each measures, prints, and returns the exit code. */
int bench_loader(const bench_options *options, const char *data);
int bench_step(const bench_options *options, const char *data);
int bench_train(const bench_options *options, const char *data);

/* Makes a loader of the images as the options say; order and how: what the part decides by itself. */
moco_status bench_open_loader(moco_sampler **sampler, moco_loader **loader, const moco_dataset *images,
                              const bench_options *options, moco_sampler_options order, moco_loader_options how);

/* The most memory that the process has taken so far, in bytes. */
double bench_peak_bytes(void);

/* Of repeated measurements of one thing. */
typedef struct bench_summary {
    double median, min, max;
    double spread; /* the range of the middle half, as a share of the median */
} bench_summary;
bench_summary bench_summarize(const double *values, size_t count);

/* Prints the summary, in milliseconds, as a JSON object. */
void bench_print_json(const char *name, const double *seconds, size_t count);

#endif
