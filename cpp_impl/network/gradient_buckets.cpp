// Averages gradients over the ranks, bucket by bucket.
#include "network/gradient_buckets.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace moco {

namespace {

// Returns the elements in the order of the memory; gradients have the layout of their parameter.
at::Tensor flat(const at::Tensor &gradient)
{
    return gradient.as_strided({ gradient.numel() }, { 1 });
}

} // namespace

GradientBuckets::GradientBuckets(const std::vector<at::Tensor> &parameters, const Group &group, std::size_t first,
                                 std::size_t bytes, bool bf16)
    : group_(group), bf16_(bf16)
{
    fill_buckets(parameters, first, bytes);
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        for (const auto &parameter : buckets_[i].parameters) {
            add_hook(parameter, i);
        }
    }
}

GradientBuckets::~GradientBuckets()
{
    for (const auto &hook : hooks_) {
        hook.node->del_post_hook(hook.key);
    }
}

// The backward pass computes gradients from the last layer to the first.
void GradientBuckets::fill_buckets(const std::vector<at::Tensor> &parameters, std::size_t first, std::size_t bytes)
{
    std::size_t room = 0;
    for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
        if (buckets_.empty() || parameter->nbytes() > room) {
            room = buckets_.empty() ? std::min(first, bytes) : bytes;
            buckets_.emplace_back();
        }
        room -= std::min(room, parameter->nbytes());
        buckets_.back().parameters.push_back(*parameter);
    }
}

void GradientBuckets::add_hook(const at::Tensor &parameter, std::size_t bucket)
{
    using torch::autograd::variable_list;
    auto node = torch::autograd::impl::grad_accumulator(parameter);
    const auto call = [this, bucket](const variable_list &outputs, const variable_list & /*inputs*/) {
        on_gradient(bucket);
        return outputs;
    };
    const auto key = node->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(call));
    hooks_.push_back({ std::move(node), key });
}

void GradientBuckets::start()
{
    next_ = 0;
    for (auto &bucket : buckets_) {
        bucket.missing = bucket.parameters.size();
        bucket.values = bucket.sent = at::Tensor();
        bucket.work.reset();
    }
    active_ = true;
}

void GradientBuckets::on_gradient(std::size_t bucket)
{
    if (!active_) {
        return;
    }
    TORCH_CHECK(buckets_[bucket].missing > 0, "a parameter got two gradients in one backward pass");
    --buckets_[bucket].missing;
    while (next_ < buckets_.size() && buckets_[next_].missing == 0) {
        send(buckets_[next_++]);
    }
}

void GradientBuckets::send(Bucket &bucket)
{
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> pieces;
    for (const auto &parameter : bucket.parameters) {
        pieces.push_back(flat(parameter.grad()));
    }
    bucket.values = at::cat(pieces);
    int64_t from = 0;
    for (const auto &parameter : bucket.parameters) {
        const at::Tensor &old = parameter.grad();
        parameter.mutable_grad() = bucket.values.as_strided(old.sizes(), old.strides(), from);
        from += parameter.numel();
    }
    bucket.sent = bf16_ ? bucket.values.to(at::kBFloat16) : bucket.values;
    bucket.sent.div_(group_->getSize());
    std::vector<at::Tensor> tensors{ bucket.sent };
    bucket.work = group_->allreduce(tensors);
}

void GradientBuckets::finish()
{
    const at::NoGradGuard no_grad;
    active_ = false;
    TORCH_CHECK(next_ == buckets_.size(), "a parameter got no gradient in the backward pass");
    for (auto &bucket : buckets_) {
        bucket.work->wait();
        if (bf16_) {
            bucket.values.copy_(bucket.sent);
        }
        bucket.values = bucket.sent = at::Tensor();
        bucket.work.reset();
    }
}

} // namespace moco
