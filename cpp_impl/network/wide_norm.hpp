// Declares what lets batch norm over groups run as one operation.
#pragma once

#include "network/batch_norm.hpp"

#include <vector>

namespace moco {

// Repeats the weights of a network's batch norms for every group, and averages the groups' statistics: each for many
// batch norms at once, since GPUs take as long to start an operation as to compute one of this size.
class WideNorms {
  public:
    // `parts`: the batch norms of each part of the network. Their tensors must be at their device, and stay.
    WideNorms(const std::vector<std::vector<BatchNorm *>> &parts, int64_t splits);

    // Before a forward pass in training: gives every batch norm its WideNorm, which leads gradients to its weights.
    void widen();
    // After it: moves the running statistics to the mean over the groups.
    void average_statistics();
    // Drops what widen() gave.
    void drop();

  private:
    // Each part of the network has its own operations, so that its gradients do not wait for those of all layers.
    struct Piece {
        std::vector<BatchNorm *> norms;
        std::vector<at::Tensor> parameters; // weights, then biases
        std::vector<int64_t> sizes;         // of the repeated ones
        at::Tensor sources;                 // of each repeated value, in the joined parameters
    };

    Piece make_piece(const std::vector<BatchNorm *> &norms) const;
    void place_statistics(const std::vector<BatchNorm *> &norms);
    void empty_statistics();

    int64_t splits_;
    std::vector<Piece> pieces_;
    std::vector<BatchNorm *> norms_;
    at::Tensor statistics_;           // of the batch: means of each norm's groups x channels, then variances
    at::Tensor places_;               // groups x running statistics: where in statistics_
    std::vector<at::Tensor> running_; // means, then variances
    std::vector<int64_t> channels_;   // of each of them
};

} // namespace moco
