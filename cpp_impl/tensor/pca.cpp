// Computes the principal components of a matrix from its covariance.
#include "base/handle.hpp"

#include "base/tensor_internal.h"

#include "moco/embed.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace {

constexpr int64_t max_columns = 16384;
constexpr int64_t chunk = 4096; // rows in double precision at a time

// Returns up to `chunk` rows in double precision, less a mean.
at::Tensor centred(const at::Tensor &matrix, int64_t from, const at::Tensor &mean)
{
    const auto count = std::min(chunk, matrix.size(0) - from);
    return matrix.narrow(0, from, count).to(at::kCPU, at::kDouble).sub_(mean);
}

at::Tensor covariance(const at::Tensor &matrix, const at::Tensor &mean)
{
    auto sum = at::zeros({ matrix.size(1), matrix.size(1) }, at::kDouble);
    for (int64_t from = 0; from < matrix.size(0); from += chunk) {
        const auto rows = centred(matrix, from, mean);
        sum.addmm_(rows.t(), rows);
    }
    return sum.div_(static_cast<double>(matrix.size(0)));
}

// Makes the largest entry of each direction positive, since the sign of an eigenvector is arbitrary.
at::Tensor with_fixed_signs(const at::Tensor &directions)
{
    const auto largest = directions.abs().argmax(0, /*keepdim=*/true);
    return directions * directions.gather(0, largest).sign();
}

} // namespace

moco_status moco__tensor_pca(moco_tensor **out, double *shares, moco_scope *scope, const moco_tensor *matrix,
                             int64_t dims)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(matrix);
    const at::NoGradGuard no_grad;
    const auto &x = matrix->value;
    if (x.dim() != 2 || x.size(0) == 0 || dims < 1 || dims > x.size(1) || x.size(1) > max_columns) {
        throw moco::Error(MOCO_EINVALID,
                          "pca: " + std::to_string(dims) +
                              " dimensions of this tensor; give a matrix of at least 1 row and at most " +
                              std::to_string(max_columns) + " columns, and at most as many dimensions");
    }
    const auto mean = x.to(at::kCPU).mean(at::IntArrayRef{ 0 }, /*keepdim=*/false, at::kDouble);
    const auto [values, vectors] = at::linalg_eigh(covariance(x, mean)); // ascending
    const auto directions = with_fixed_signs(vectors.narrow(1, x.size(1) - dims, dims).flip(at::IntArrayRef{ 1 }));
    auto projected = at::empty({ x.size(0), dims }, at::kFloat);
    for (int64_t from = 0; from < x.size(0); from += chunk) {
        const auto rows = centred(x, from, mean);
        projected.narrow(0, from, rows.size(0)).copy_(rows.mm(directions));
    }
    const double whole = std::max(values.sum().item<double>(), 1e-300);
    for (int64_t d = 0; shares != nullptr && d < dims; ++d) {
        shares[d] = std::max(values[x.size(1) - 1 - d].item<double>(), 0.0) / whole;
    }
    moco::give(out, scope, projected);
    MOCO_API_END
}
