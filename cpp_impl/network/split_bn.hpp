// Batch norm, and SplitBN: batch norm over groups of the batch, which stand for the GPUs of the paper.
#pragma once

#include <ATen/ATen.h>

#include "moco/comm.h"

namespace moco {

struct BatchNorm {
    at::Tensor weight, bias;              // C
    at::Tensor running_mean, running_var; // C
    at::Tensor num_batches_tracked;       // int64 scalar
    int64_t splits = 1;
    moco_comm *sync = nullptr; // statistics over the ranks' images, all in one group

    explicit BatchNorm(int64_t channels);

    // In training, the batch must be in the order of group_samples(): each group in one piece.
    at::Tensor forward(const at::Tensor &x, bool training);

    // relu(forward(x) + other), and without other where it is undefined.
    at::Tensor forward_relu(const at::Tensor &x, const at::Tensor &other, bool training);

  private:
    at::Tensor forward_apart(const at::Tensor &x, bool training); // by ATen's operations
};

constexpr double kBatchNormMomentum = 0.1; // torchvision's
constexpr double kBatchNormEpsilon = 1e-5;

// BatchNorm::forward() in training on a CPU in one pass forward and one backward over channels-last tensors, with what
// follows it. False, and nothing done, where the tensor is of another kind.
struct NormTail {
    at::Tensor other; // to be added, if defined
    bool relu = false;
};
bool fused_batch_norm(at::Tensor &out, BatchNorm &bn, const at::Tensor &x, const NormTail &tail, bool training);

// BatchNorm::forward() in training, over the images of all ranks.
at::Tensor sync_batch_norm(BatchNorm &bn, const at::Tensor &x);

// Brings the samples of group g = n mod splits together: row n goes to (n mod splits) N / splits + n / splits.
at::Tensor group_samples(const at::Tensor &x, int64_t splits);

// The inverse of group_samples().
at::Tensor ungroup_samples(const at::Tensor &x, int64_t splits);

} // namespace moco
