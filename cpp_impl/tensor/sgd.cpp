// Computes SGD with momentum as one fused operation over all parameters.
#include "base/handle.hpp"
#include "base/options_read_internal.h"

#include "moco/optim.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

struct moco_sgd : moco::Counted {
    std::vector<at::Tensor> parameters;
    std::unique_ptr<moco_tensor_list> buffers;
    double momentum = 0;
    double weight_decay = 0;
    // Of the parameters that have a gradient, for a step; members, so that their memory is kept.
    std::vector<at::Tensor> active, gradients, active_buffers;
};

namespace {

void collect_gradients(moco_sgd *sgd)
{
    sgd->active.clear();
    sgd->gradients.clear();
    sgd->active_buffers.clear();
    for (size_t i = 0; i < sgd->parameters.size(); ++i) {
        if (sgd->parameters[i].grad().defined()) {
            sgd->active.push_back(sgd->parameters[i]);
            sgd->gradients.push_back(sgd->parameters[i].grad());
            sgd->active_buffers.push_back(sgd->buffers->values[i]);
        }
    }
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
    if (!(o.momentum >= 0 && o.momentum < 1) || !(o.weight_decay >= 0)) {
        throw moco::Error(MOCO_EINVALID, "sgd: momentum " + std::to_string(o.momentum) +
                                             " must be in [0, 1) and weight decay " + std::to_string(o.weight_decay) +
                                             " at least 0");
    }
    auto sgd = std::make_unique<moco_sgd>();
    sgd->parameters = parameters->values;
    sgd->momentum = o.momentum;
    sgd->weight_decay = o.weight_decay;
    std::vector<at::Tensor> buffers;
    for (const auto &parameter : sgd->parameters) {
        // From zero, v = momentum v + g gives g at the first step, as in torch.optim.SGD.
        buffers.push_back(at::zeros_like(parameter));
    }
    sgd->buffers = std::make_unique<moco_tensor_list>(std::move(buffers));
    *out = sgd.release();
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
    sgd->gradients.clear();
    for (const auto &parameter : sgd->parameters) {
        parameter.mutable_grad().reset();
    }
    MOCO_API_END
}

moco_status moco_sgd_step(moco_sgd *sgd, double lr)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(sgd);
    if (!(lr >= 0) || std::isinf(lr)) {
        throw moco::Error(MOCO_EINVALID, "sgd: learning rate " + std::to_string(lr) + " must be at least 0 and finite");
    }
    collect_gradients(sgd);
    if (!sgd->active.empty()) {
        const at::NoGradGuard no_grad;
        const std::vector<at::Tensor> none; // what torch expects without momentum
        at::_fused_sgd_(sgd->active, sgd->gradients, sgd->momentum > 0 ? sgd->active_buffers : none, sgd->weight_decay,
                        sgd->momentum, lr,
                        /*dampening=*/0, /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false);
        sgd->gradients.clear(); // they live on at their parameters alone
    }
    MOCO_API_END
}

const moco_tensor_list *moco_sgd_momentum_buffers(const moco_sgd *sgd)
{
    return sgd != nullptr ? sgd->buffers.get() : nullptr;
}
