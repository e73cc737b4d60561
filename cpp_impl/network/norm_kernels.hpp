// Declares the loops of batch norm over rows of channels, which are compiled for several kinds of processors.
//
// A row holds the channels of one place of one image. All variants give the same bits: sums go down the rows in order.
#pragma once

#include "base/bf16.hpp"

#include <cstddef>

namespace moco {

// Of each channel.
struct Affine {
    const float *scale, *shift;
};

// What the gradient by x takes: slope (g - mean_g - (x - mean) tilt), of each channel.
struct NormGradient {
    const float *slope, *mean_g, *mean, *tilt;
};

template <typename T> struct NormKernels {
    void (*widen)(float *out, const T *x, std::size_t count);
    // Adds the sums of x - pivot, and of its squares. @p scratch: 2 x channels.
    void (*moments)(double *sum, double *square, float *scratch, const T *x, const float *pivot, std::size_t rows,
                    std::size_t channels);
    // y = x scale + shift, + @p other unless NULL, and no less than 0 if @p relu.
    void (*apply)(T *y, const T *x, const T *other, Affine affine, bool relu, std::size_t rows, std::size_t channels);
    // g = dy where @p y is positive.
    void (*mask)(T *g, const T *dy, const T *y, std::size_t count);
    // Adds the sums of g and of g (x - mean), where g is dy, and only where x scale + shift is positive if @p relu.
    void (*reduce)(double *sum, double *product, float *scratch, const T *dy, const T *x, const float *mean,
                   Affine affine, bool relu, std::size_t rows, std::size_t channels);
    // The gradient by x; g as in reduce().
    void (*backward)(T *dx, const T *dy, const T *x, NormGradient gradient, Affine affine, bool relu, std::size_t rows,
                     std::size_t channels);
};

struct NormVariant {
    const char *name;
    NormKernels<float> fp32;
    NormKernels<Bf16> bf16;
};

extern const NormVariant norm_kernels_plain;
extern const NormVariant norm_kernels_v3;
extern const NormVariant norm_kernels_v4;

// The @p index-th variant that this processor can run, the best first; NULL beyond the last.
const NormVariant *norm_kernels_at(std::size_t index) noexcept;

template <typename T> const NormKernels<T> &norm_kernels() noexcept;

} // namespace moco
