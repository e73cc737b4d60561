// Declares ResNets with the names, initialisation and arithmetic of torchvision.
#pragma once

#include "network/batch_norm.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace moco {

// The building blocks of an architecture.
struct Architecture {
    const char *name;
    bool bottleneck;
    std::array<int, 4> blocks; // per stage; 0 ends the list
    int64_t groups;            // of the 3x3 convolutions
    int64_t width_per_group;   // 64, except in ResNeXt and Wide ResNet; for the inner width alone
    int64_t widen;             // factor of every width (R50w2x, R50w4x)
    bool small;                // the CIFAR networks: 16-32-64 channels, 3x3 stem, shortcuts without parameters
};

// Returns an architecture; nullptr after the last.
const Architecture *architecture_at(std::size_t index);
// Returns the architecture of a name; nullptr if there is none.
const Architecture *find_architecture(const std::string &name);

struct NetworkOptions {
    const Architecture *architecture;
    int64_t dim;
    bool mlp;
    bool cifar_stem;
    int64_t splits;
    int64_t channels; // of the images
};

struct Convolution {
    at::Tensor weight; // out x in / groups x k x k
    int64_t stride, groups;
    at::Tensor cast; // the weight in bf16, during a forward pass with cast_weights()

    Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups = 1);
    [[nodiscard]] at::Tensor forward(const at::Tensor &x) const;
};

struct Linear {
    at::Tensor weight, bias;           // out x in, out
    at::Tensor cast_weight, cast_bias; // as Convolution::cast

    Linear(int64_t in, int64_t out) : weight(at::empty({ out, in })), bias(at::empty({ out })) {}
    [[nodiscard]] at::Tensor forward(const at::Tensor &x) const;
};

// Basic block (two convolutions) or bottleneck (three).
struct Block {
    std::vector<Convolution> conv;
    std::vector<BatchNorm> bn;
    std::optional<Convolution> downsample_conv;
    std::optional<BatchNorm> downsample_bn;
    int64_t padded_channels = 0; // added by a shortcut without parameters (option A of He et al.)

    at::Tensor forward(const at::Tensor &x, bool training);
    [[nodiscard]] at::Tensor shortcut(const at::Tensor &x, bool training);
};

// The layers of a part of a network: the stem and the first stage, a stage, or the last stage and the head.
struct Part {
    std::vector<Convolution *> convolutions;
    std::vector<Linear *> linears;
    std::vector<BatchNorm *> norms;
};

// Converts the weights of a part to bf16 for a forward pass, in one operation where autocast has one per weight. Their
// gradients are converted back in the same way.
void cast_weights(const Part &part);
void drop_casts(const Part &part);

class ResNet {
  public:
    explicit ResNet(const NetworkOptions &options);

    // Draws the weights: convolutions from N(0, 2 / fan-out), heads uniform in +-1 / sqrt(fan-in).
    void initialize(uint64_t seed);

    // N x channels x H x W to N x feature_dim: the global average of the last stage.
    at::Tensor features(const at::Tensor &images, bool training);
    // N x feature_dim to N x dim.
    [[nodiscard]] at::Tensor head(const at::Tensor &features) const;

    using Visitor = std::function<void(const std::string &name, at::Tensor &tensor, bool parameter)>;
    // Visits every parameter and buffer in the order of torchvision's state_dict.
    void visit(const Visitor &visitor);

    // In the order of the forward pass. The pointers are valid as long as the network.
    std::vector<Part> parts();

    [[nodiscard]] int64_t feature_dim() const { return feature_dim_; }

  private:
    void build_stages(const NetworkOptions &options);
    int64_t add_block(std::vector<Block> &stage, int64_t in, int64_t planes, int64_t stride,
                      const NetworkOptions &options);

    std::vector<Convolution> conv1_;
    std::vector<BatchNorm> bn1_;
    bool max_pool_ = false;
    std::vector<std::vector<Block>> layers_;
    std::vector<Linear> fc_;
    int64_t feature_dim_ = 0;
};

} // namespace moco
