// Builds, initialises and runs ResNets.
#include "network/resnet.hpp"

#include "network/winograd.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace moco {

namespace {

constexpr Architecture architectures[] = {
    // name, bottleneck, blocks, groups, width_per_group, widen, small
    { "resnet18", false, { 2, 2, 2, 2 }, 1, 64, 1, false },
    { "resnet34", false, { 3, 4, 6, 3 }, 1, 64, 1, false },
    { "resnet50", true, { 3, 4, 6, 3 }, 1, 64, 1, false },
    { "resnet101", true, { 3, 4, 23, 3 }, 1, 64, 1, false },
    { "resnet152", true, { 3, 8, 36, 3 }, 1, 64, 1, false },
    { "resnext50_32x4d", true, { 3, 4, 6, 3 }, 32, 4, 1, false },
    { "wide_resnet50_2", true, { 3, 4, 6, 3 }, 1, 128, 1, false },
    { "resnet50w2x", true, { 3, 4, 6, 3 }, 1, 64, 2, false },
    { "resnet50w4x", true, { 3, 4, 6, 3 }, 1, 64, 4, false },
    { "resnet20", false, { 3, 3, 3, 0 }, 1, 64, 1, true },
    { "resnet20w2x", false, { 3, 3, 3, 0 }, 1, 64, 2, true },
    { "resnet20w4x", false, { 3, 3, 3, 0 }, 1, 64, 4, true },
    { "resnet32", false, { 5, 5, 5, 0 }, 1, 64, 1, true },
    { "resnet56", false, { 9, 9, 9, 0 }, 1, 64, 1, true },
};

} // namespace

const Architecture *architecture_at(std::size_t index)
{
    return index < std::size(architectures) ? &architectures[index] : nullptr;
}

const Architecture *find_architecture(const std::string &name)
{
    for (const auto &architecture : architectures) {
        if (name == architecture.name) {
            return &architecture;
        }
    }
    return nullptr;
}

Convolution::Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups)
    : weight(at::empty({ out, in / groups, kernel, kernel })), stride(stride), groups(groups)
{}

at::Tensor Convolution::forward(const at::Tensor &x) const
{
    at::Tensor y;
    if (stride == 1 && groups == 1 && winograd_convolution(y, x, weight)) {
        return y;
    }
    const int64_t padding = weight.size(2) / 2;
    return at::conv2d(x, cast.defined() ? cast : weight, {}, { stride, stride }, { padding, padding }, { 1, 1 },
                      groups);
}

at::Tensor Linear::forward(const at::Tensor &x) const
{
    return cast_weight.defined() ? at::linear(x, cast_weight, cast_bias) : at::linear(x, weight, bias);
}

at::Tensor Block::forward(const at::Tensor &x, bool training)
{
    auto y = x;
    for (size_t i = 0; i + 1 < conv.size(); ++i) {
        y = bn[i].forward_relu(conv[i].forward(y), {}, training);
    }
    y = conv.back().forward(y);
    return bn.back().forward_relu(y, shortcut(x, training), training);
}

at::Tensor Block::shortcut(const at::Tensor &x, bool training)
{
    if (downsample_conv.has_value()) {
        return downsample_bn->forward(downsample_conv->forward(x), training);
    }
    if (padded_channels > 0) {
        const int64_t before = padded_channels / 2;
        const auto every_second = x.slice(2, 0, std::nullopt, 2).slice(3, 0, std::nullopt, 2);
        return at::constant_pad_nd(every_second, { 0, 0, 0, 0, before, padded_channels - before });
    }
    return x;
}

ResNet::ResNet(const NetworkOptions &options)
{
    build_stages(options);
    if (options.mlp && options.dim > 0) {
        fc_.emplace_back(feature_dim_, feature_dim_);
    }
    if (options.dim > 0) {
        fc_.emplace_back(feature_dim_, options.dim);
    }
    for (const auto &part : parts()) {
        for (auto *bn : part.norms) {
            bn->splits = options.splits;
        }
    }
}

std::vector<Part> ResNet::parts()
{
    std::vector<Part> parts(layers_.size());
    parts[0].convolutions.push_back(&conv1_[0]);
    parts[0].norms.push_back(&bn1_[0]);
    for (size_t s = 0; s < layers_.size(); ++s) {
        for (auto &block : layers_[s]) {
            for (size_t i = 0; i < block.conv.size(); ++i) {
                parts[s].convolutions.push_back(&block.conv[i]);
                parts[s].norms.push_back(&block.bn[i]);
            }
            if (block.downsample_conv.has_value()) {
                parts[s].convolutions.push_back(&*block.downsample_conv);
                parts[s].norms.push_back(&*block.downsample_bn);
            }
        }
    }
    for (auto &fc : fc_) {
        parts.back().linears.push_back(&fc);
    }
    return parts;
}

void ResNet::build_stages(const NetworkOptions &options)
{
    const Architecture &a = *options.architecture;
    int64_t channels = (a.small ? 16 : 64) * a.widen;
    if (a.small || options.cifar_stem) {
        conv1_.emplace_back(options.channels, channels, 3, 1);
    } else {
        conv1_.emplace_back(options.channels, channels, 7, 2);
        max_pool_ = true;
    }
    bn1_.emplace_back(channels);
    int64_t planes = channels;
    for (size_t s = 0; s < a.blocks.size() && a.blocks[s] > 0; ++s, planes *= 2) {
        auto &stage = layers_.emplace_back();
        for (int b = 0; b < a.blocks[s]; ++b) {
            channels = add_block(stage, channels, planes, s > 0 && b == 0 ? 2 : 1, options);
        }
    }
    feature_dim_ = channels;
}

// Returns the number of output channels.
int64_t ResNet::add_block(std::vector<Block> &stage, int64_t in, int64_t planes, int64_t stride,
                          const NetworkOptions &options)
{
    const Architecture &a = *options.architecture;
    Block block;
    int64_t out = planes;
    if (a.bottleneck) {
        const int64_t width = planes * a.width_per_group / 64 * a.groups;
        out = planes * 4;
        block.conv.emplace_back(in, width, 1, 1);
        block.conv.emplace_back(width, width, 3, stride, a.groups);
        block.conv.emplace_back(width, out, 1, 1);
        block.bn.emplace_back(width);
        block.bn.emplace_back(width);
        block.bn.emplace_back(out);
    } else {
        block.conv.emplace_back(in, planes, 3, stride);
        block.conv.emplace_back(planes, planes, 3, 1);
        block.bn.emplace_back(planes);
        block.bn.emplace_back(planes);
    }
    if (stride != 1 || in != out) {
        if (a.small) {
            block.padded_channels = out - in;
        } else {
            block.downsample_conv.emplace(in, out, 1, stride);
            block.downsample_bn.emplace(out);
        }
    }
    stage.push_back(std::move(block));
    return out;
}

void ResNet::initialize(uint64_t seed)
{
    const at::NoGradGuard no_grad;
    auto generator = at::detail::createCPUGenerator(seed);
    visit([&](const std::string &, at::Tensor &tensor, bool parameter) {
        if (parameter && tensor.dim() == 4) {
            const auto fan_out = static_cast<double>(tensor.size(0) * tensor.size(2) * tensor.size(3));
            tensor.normal_(0, std::sqrt(2 / fan_out), generator);
        }
    });
    for (auto &fc : fc_) {
        const double bound = 1 / std::sqrt(static_cast<double>(fc.weight.size(1)));
        fc.weight.uniform_(-bound, bound, generator);
        fc.bias.uniform_(-bound, bound, generator);
    }
}

at::Tensor ResNet::features(const at::Tensor &images, bool training)
{
    auto x = bn1_[0].forward_relu(conv1_[0].forward(images), {}, training);
    if (max_pool_) {
        x = at::max_pool2d(x, { 3, 3 }, { 2, 2 }, { 1, 1 });
    }
    for (auto &stage : layers_) {
        for (auto &block : stage) {
            x = block.forward(x, training);
        }
    }
    return at::adaptive_avg_pool2d(x, { 1, 1 }).flatten(1);
}

at::Tensor ResNet::head(const at::Tensor &features) const
{
    auto x = fc_[0].forward(features);
    for (size_t i = 1; i < fc_.size(); ++i) {
        x = fc_[i].forward(at::relu(x));
    }
    return x;
}

void ResNet::visit(const Visitor &visitor)
{
    const auto visit_bn = [&](const std::string &name, BatchNorm &bn) {
        visitor(name + ".weight", bn.weight, true);
        visitor(name + ".bias", bn.bias, true);
        visitor(name + ".running_mean", bn.running_mean, false);
        visitor(name + ".running_var", bn.running_var, false);
        visitor(name + ".num_batches_tracked", bn.num_batches_tracked, false);
    };
    visitor("conv1.weight", conv1_[0].weight, true);
    visit_bn("bn1", bn1_[0]);
    for (size_t s = 0; s < layers_.size(); ++s) {
        for (size_t b = 0; b < layers_[s].size(); ++b) {
            Block &block = layers_[s][b];
            const std::string prefix = "layer" + std::to_string(s + 1) + "." + std::to_string(b) + ".";
            for (size_t i = 0; i < block.conv.size(); ++i) {
                visitor(prefix + "conv" + std::to_string(i + 1) + ".weight", block.conv[i].weight, true);
                visit_bn(prefix + "bn" + std::to_string(i + 1), block.bn[i]);
            }
            if (block.downsample_conv.has_value()) {
                visitor(prefix + "downsample.0.weight", block.downsample_conv->weight, true);
                visit_bn(prefix + "downsample.1", *block.downsample_bn);
            }
        }
    }
    for (size_t i = 0; i < fc_.size(); ++i) {
        const std::string name = fc_.size() == 1 ? "fc" : "fc." + std::to_string(2 * i); // fc.1 is the ReLU
        visitor(name + ".weight", fc_[i].weight, true);
        visitor(name + ".bias", fc_[i].bias, true);
    }
}

} // namespace moco
