// Declares batch norm, and SplitBN: batch norm over groups of the batch, which play the part of the GPUs in the paper.
#pragma once

#include <ATen/ATen.h>

#include "moco/comm.h"

namespace moco {

struct BatchNorm {
    at::Tensor weight, bias;              // C
    at::Tensor running_mean, running_var; // C
    at::Tensor num_batches_tracked;       // int64 scalar
    int64_t splits = 1;
    moco_comm *sync = nullptr; // if set: statistics over the images of all ranks, as one group

    explicit BatchNorm(int64_t channels);

    // In training, the batch must be in the order of group_samples().
    at::Tensor forward(const at::Tensor &x, bool training);

    // Returns relu(forward(x) + other), or relu(forward(x)) if other is undefined.
    at::Tensor forward_relu(const at::Tensor &x, const at::Tensor &other, bool training);

  private:
    at::Tensor forward_apart(const at::Tensor &x, bool training); // by ATen's operations
};

constexpr double batch_norm_momentum = 0.1; // as in torchvision
constexpr double batch_norm_epsilon = 1e-5;

// What follows a batch norm.
struct NormTail {
    at::Tensor other; // to be added, if defined
    bool relu = false;
};

// Computes BatchNorm::forward() and its tail in one pass over a channels-last tensor on a CPU, with its gradients.
// Returns false without computing if the tensor is of another kind.
bool fused_batch_norm(at::Tensor &out, BatchNorm &bn, const at::Tensor &x, const NormTail &tail, bool training);

// Computes BatchNorm::forward() in training over the images of all ranks.
at::Tensor sync_batch_norm(BatchNorm &bn, const at::Tensor &x);

// Sorts samples by their group n mod splits: row n goes to (n mod splits) N / splits + n / splits.
at::Tensor group_samples(const at::Tensor &x, int64_t splits);

// The inverse of group_samples().
at::Tensor ungroup_samples(const at::Tensor &x, int64_t splits);

} // namespace moco
