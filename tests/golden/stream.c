/* Draws the values of a stream: FNV-1a of its name seeds splitmix64, and the top 24 bits are a value. */
#include "stream.h"

#include <stdlib.h>

static uint64_t fnv1a(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (; *name != '\0'; ++name) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3;
    }
    return hash;
}

static float value_at(uint64_t stream, size_t i)
{
    uint64_t z = stream + (i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    return (float)((double)(z >> 40) / 8388608.0 - 1);
}

void stream_uniform(float *out, size_t n, const char *name)
{
    const uint64_t stream = fnv1a(name);
    for (size_t i = 0; i < n; ++i) {
        out[i] = value_at(stream, i);
    }
}

typedef struct ranked {
    float value;
    int64_t index;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a;
    const ranked *y = b;
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->index < y->index ? -1 : 1;
}

void stream_permutation(int64_t *out, size_t n, const char *name)
{
    const uint64_t stream = fnv1a(name);
    ranked *rows = malloc(n * sizeof *rows);
    if (rows == NULL) {
        abort();
    }
    for (size_t i = 0; i < n; ++i) {
        rows[i] = (ranked){ value_at(stream, i), (int64_t)i };
    }
    qsort(rows, n, sizeof *rows, by_value);
    for (size_t i = 0; i < n; ++i) {
        out[i] = rows[i].index;
    }
    free(rows);
}
