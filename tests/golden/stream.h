/* Generates the inputs of golden cases: values of named streams, the same in every language. */
#ifndef MOCO_TESTS_STREAM_H
#define MOCO_TESTS_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Fills in the first n values of a stream, in [-1, 1), multiples of 2^-23. */
void stream_uniform(float *out, size_t n, const char *name);

/* The stable argsort of a stream's first n values. */
void stream_permutation(int64_t *out, size_t n, const char *name);

#endif
