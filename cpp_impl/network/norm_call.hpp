// What the kernels of batch norm on a GPU take. NVRTC compiles this file with them, so it includes nothing.
#pragma once

namespace moco {

constexpr int norm_threads = 256; // of a block
constexpr int norm_bytes = 16;    // of channels that a thread takes at once

// Blocks of each kernel that share a processor, as many as their registers allow. All blocks run at the same time, so
// the last ones do not run alone.
constexpr int blocks_of_statistics = 4;
constexpr int blocks_of_apply = 3;
constexpr int blocks_of_gradient_sums = 2;
constexpr int blocks_of_gradient = 2;

// Rows of channels in equal groups, one after the other. A block takes lanes x norm_bytes of the channels and a strip
// of the rows of a group.
struct NormShape {
    int channels, groups, rows;    // rows of a group
    int lanes, strips, strip_rows; // strips of a group
};

// Rows of groups x channels in the statistics, as in norm_rows.cpp.
enum NormRow { norm_mean, norm_inverse, norm_scale, norm_shift, norm_row_count };

struct NormForward {
    NormShape shape;
    const void *x, *other; // other: to be added; null: nothing
    void *y;
    const float *weight, *bias;
    float *running_mean, *running_var;
    float *statistics; // norm_row_count x groups x channels
    float *partial;    // groups x strips x 2 x channels
    int *tickets;      // groups + 1 for each block of channels; 0 between calls
    float momentum, epsilon;
    bool relu;
};

struct NormBackward {
    NormShape shape;
    const void *x, *dy, *y; // y: of a norm whose result was added to something; else null
    void *dx, *d_other;     // d_other: null if y is
    const float *statistics;
    float *d_weight, *d_bias;
    float *means; // 2 x groups x channels: of the gradient, and of its product with x - mean, over the variance
    float *partial;
    int *tickets;
    bool relu;
};

} // namespace moco
