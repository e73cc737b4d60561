// Declares batch norm, and SplitBN: batch norm over groups of the batch, which play the part of the GPUs in the paper.
//
// Groups are computed in one of two orders of the samples. In nhwc the operators of fused_norm.hpp take one group after
// the other, as group_samples() sorts them. In nchw groups become channels: sample n belongs to group n mod splits, and
// WideNorms gives each group and channel its weight and statistics.
#pragma once

#include <ATen/ATen.h>

#include "moco/comm.h"

namespace moco {

// What batch norm over groups x channels works with: the weights, repeated, and the statistics of the latest batch.
struct WideNorm {
    at::Tensor weight, bias, mean, var; // groups x channels
};

struct BatchNorm {
    at::Tensor weight, bias;              // C
    at::Tensor running_mean, running_var; // C
    at::Tensor num_batches_tracked;       // int64 scalar; the encoder counts
    int64_t splits = 1;
    WideNorm wide;             // if its weight is defined: groups become channels
    moco_comm *sync = nullptr; // if set: statistics over the images of all ranks, as one group

    explicit BatchNorm(int64_t channels);

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

// Computes BatchNorm::forward() and its tail as one operation over a channels-last tensor, with its gradients. Returns
// false without computing if the tensor is of another kind.
bool fused_batch_norm(at::Tensor &out, BatchNorm &bn, const at::Tensor &x, const NormTail &tail, bool training);

// Computes BatchNorm::forward() in training over the images of all ranks.
at::Tensor sync_batch_norm(BatchNorm &bn, const at::Tensor &x);

// Computes BatchNorm::forward() in training over groups that become channels.
at::Tensor wide_batch_norm(const BatchNorm &bn, const at::Tensor &x);

// Sorts samples by their group n mod splits: row n goes to (n mod splits) N / splits + n / splits.
at::Tensor group_samples(const at::Tensor &x, int64_t splits);

// The inverse of group_samples().
at::Tensor ungroup_samples(const at::Tensor &x, int64_t splits);

} // namespace moco
