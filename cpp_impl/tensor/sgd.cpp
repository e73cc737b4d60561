// Computes SGD with momentum as one fused operation over the parameters of a group, and LARS.
#include "base/handle.hpp"
#include "base/number.hpp"
#include "base/options_read_internal.h"

#include "moco/optim.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace {

// Parameters that learn with the same options.
struct ParameterGroup {
    moco_sgd_options options;
    std::vector<at::Tensor> parameters, buffers;
    // Of the parameters that have a gradient, for a step; members, so that their memory is kept.
    std::vector<at::Tensor> active, gradients, active_buffers;
};

} // namespace

struct moco_sgd : moco::Counted {
    std::vector<ParameterGroup> groups;
    moco_tensor_list buffers{ {} }; // of all groups
};

namespace {

void collect_gradients(ParameterGroup &group)
{
    group.active.clear();
    group.gradients.clear();
    group.active_buffers.clear();
    for (size_t i = 0; i < group.parameters.size(); ++i) {
        if (group.parameters[i].grad().defined()) {
            group.active.push_back(group.parameters[i]);
            group.gradients.push_back(group.parameters[i].grad());
            group.active_buffers.push_back(group.buffers[i]);
        }
    }
}

moco_sgd_options checked_options(const moco_sgd_options &o)
{
    if (!(o.momentum >= 0 && o.momentum < 1) || !(o.weight_decay >= 0)) {
        throw moco::Error(MOCO_EINVALID, "sgd: momentum " + moco::number(o.momentum) +
                                             " must be in [0, 1) and weight decay " + moco::number(o.weight_decay) +
                                             " at least 0");
    }
    if (!(o.rate >= 0 && o.trust >= 0) || std::isinf(o.rate) || std::isinf(o.trust)) {
        throw moco::Error(MOCO_EINVALID, "sgd: rate " + moco::number(o.rate) + " and trust " + moco::number(o.trust) +
                                             " must be at least 0 and finite");
    }
    moco_sgd_options checked = o;
    checked.rate = o.rate == 0 ? 1 : o.rate; // of a caller that knows the first members alone
    return checked;
}

void add_group(moco_sgd &sgd, const moco_tensor_list &parameters, const moco_sgd_options &options)
{
    for (const auto &group : sgd.groups) {
        for (const auto &parameter : parameters.values) {
            if (std::any_of(group.parameters.begin(), group.parameters.end(),
                            [&](const at::Tensor &other) { return other.is_same(parameter); })) {
                throw moco::Error(MOCO_EINVALID, "sgd: a parameter is in another group already; give it to one");
            }
        }
    }
    const auto &values = parameters.values;
    for (auto one = values.begin(); one != values.end(); ++one) {
        if (std::any_of(values.begin(), one, [&](const at::Tensor &other) { return other.is_same(*one); })) {
            throw moco::Error(MOCO_EINVALID, "sgd: a parameter is in the list twice; give it once");
        }
    }
    ParameterGroup group{ options, parameters.values, {}, {}, {}, {} };
    for (const auto &parameter : group.parameters) {
        // From zero, v = momentum v + g gives g at the first step, as in torch.optim.SGD.
        group.buffers.push_back(at::zeros_like(parameter));
        sgd.buffers.values.push_back(group.buffers.back());
        sgd.buffers.handles.push_back(std::make_unique<moco_tensor>(group.buffers.back()));
    }
    sgd.groups.push_back(std::move(group));
}

void step_plainly(ParameterGroup &group, double lr)
{
    const std::vector<at::Tensor> none; // what torch expects without momentum
    const double momentum = group.options.momentum;
    at::_fused_sgd_(group.active, group.gradients, momentum > 0 ? group.active_buffers : none,
                    group.options.weight_decay, momentum, lr,
                    /*dampening=*/0, /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false);
}

// Returns the factors that scale updates to a share of the norm of what they change; 1 where either is 0.
std::vector<at::Tensor> trust_ratios(const std::vector<at::Tensor> &parameters, const std::vector<at::Tensor> &updates,
                                     double trust)
{
    const auto weight = at::stack(at::_foreach_norm(parameters));
    const auto update = at::stack(at::_foreach_norm(updates));
    const auto ratio = trust * weight / update;
    return at::where(weight.gt(0).logical_and(update.gt(0)), ratio, at::ones_like(ratio)).unbind();
}

// Scales the updates of tensors of two dimensions or more, in place.
void scale_updates(const ParameterGroup &group, std::vector<at::Tensor> &updates)
{
    std::vector<at::Tensor> wide;
    std::vector<at::Tensor> wide_updates;
    for (size_t i = 0; i < updates.size(); ++i) {
        if (group.active[i].dim() > 1) {
            updates[i] = updates[i].add(group.active[i], group.options.weight_decay);
            wide.push_back(group.active[i]);
            wide_updates.push_back(updates[i]);
        }
    }
    if (!wide.empty()) {
        at::_foreach_mul_(wide_updates, trust_ratios(wide, wide_updates, group.options.trust));
    }
}

void step_by_trust(ParameterGroup &group, double lr)
{
    std::vector<at::Tensor> updates = group.gradients; // those that change are copied
    scale_updates(group, updates);
    if (group.options.momentum > 0) {
        at::_foreach_mul_(group.active_buffers, group.options.momentum);
        at::_foreach_add_(group.active_buffers, updates);
        updates = group.active_buffers;
    }
    at::_foreach_add_(group.active, updates, -lr);
}

} // namespace

MOCO__DEFINE_INIT(moco_sgd_options, MOCO_SGD_OPTIONS_INIT)

moco_status moco_sgd_create(moco_sgd **out, const moco_tensor_list *parameters, const moco_sgd_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(parameters);
    moco_sgd_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_SGD_OPTIONS_INIT);
    auto sgd = std::make_unique<moco_sgd>();
    add_group(*sgd, *parameters, checked_options(o));
    *out = sgd.release();
    MOCO_API_END
}

moco_status moco_sgd_add_group(moco_sgd *sgd, const moco_tensor_list *parameters, const moco_sgd_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(sgd);
    MOCO_CHECK_ARG(parameters);
    moco_sgd_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_SGD_OPTIONS_INIT);
    add_group(*sgd, *parameters, checked_options(o));
    MOCO_API_END
}

void moco_sgd_free(moco_sgd *sgd)
{
    delete sgd;
}

moco_status moco_sgd_zero_grad(moco_sgd *sgd)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(sgd);
    for (auto &group : sgd->groups) {
        group.gradients.clear();
        for (const auto &parameter : group.parameters) {
            parameter.mutable_grad().reset();
        }
    }
    MOCO_API_END
}

moco_status moco_sgd_step(moco_sgd *sgd, double lr)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(sgd);
    if (!(lr >= 0) || std::isinf(lr)) {
        throw moco::Error(MOCO_EINVALID, "sgd: learning rate " + moco::number(lr) + " must be at least 0 and finite");
    }
    const at::NoGradGuard no_grad;
    for (auto &group : sgd->groups) {
        collect_gradients(group);
        if (!group.active.empty()) {
            (group.options.trust > 0 ? step_by_trust : step_plainly)(group, lr * group.options.rate);
            group.gradients.clear(); // they live on at their parameters alone
        }
    }
    MOCO_API_END
}

const moco_tensor_list *moco_sgd_momentum_buffers(const moco_sgd *sgd)
{
    return sgd != nullptr ? &sgd->buffers : nullptr;
}
