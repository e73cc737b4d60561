/*
 * The parts that `moco bench` measures.
 */
#ifndef MOCO_TOOLS_BENCH_H
#define MOCO_TOOLS_BENCH_H

#include "command.h"

typedef struct bench_options {
    char recipe[16], format[16];
    int64_t image_size, workers, batch, limit, seconds;
    bool json;
} bench_options;

/* Each measures, prints, and returns the exit code. */
int bench_loader(const bench_options *options, const char *data);

#endif
