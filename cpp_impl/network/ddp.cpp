// Makes the encoders of the ranks equal, and averages their gradients.
#include "base/handle.hpp"
#include "base/options_read_internal.h"
#include "network/gradient_buckets.hpp"
#include "ranks/comm.hpp"

#include "moco/ddp.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <cmath>

namespace {

constexpr size_t broadcast_bytes = size_t{ 250 } << 20;            // bytes per message, as in PyTorch
constexpr std::size_t first_bucket_bytes = std::size_t{ 1 } << 20; // as in PyTorch, so that the exchange starts early
constexpr double mib = 1024 * 1024;

} // namespace

struct moco_ddp : moco::Counted {
    moco_comm *comm = nullptr;
    std::vector<at::Tensor> parameters;
    std::unique_ptr<moco::GradientBuckets> buckets; // null for one process, or without overlap
};

namespace {

void match_ranks(moco_ddp &ddp, const moco_encoder *encoder)
{
    try {
        c10d::verify_params_across_processes(ddp.comm->group, ddp.parameters, std::nullopt);
    } catch (const c10::Error &error) {
        throw moco::Error(MOCO_EINVALID,
                          "ddp: the encoders of the ranks differ; start all ranks with the same options: " +
                              error.msg());
    }
    std::vector<at::Tensor> state;
    for (const auto &tensor : moco_encoder_state(encoder)->values) {
        state.push_back(tensor.detach());
    }
    c10d::broadcast_coalesced(ddp.comm->group, state, broadcast_bytes, 0);
}

void make_buckets(moco_ddp &ddp, const moco_ddp_options &o)
{
    ddp.buckets =
        std::make_unique<moco::GradientBuckets>(ddp.parameters, ddp.comm->group, first_bucket_bytes,
                                                static_cast<std::size_t>(o.bucket_mib * mib), o.compress_bf16);
}

// Averages all gradients in one message, after the backward pass.
void reduce_afterwards(const moco_comm &comm, const std::vector<at::Tensor> &parameters)
{
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> pieces;
    pieces.reserve(parameters.size());
    for (const auto &parameter : parameters) {
        pieces.push_back(parameter.grad().reshape({ -1 }));
    }
    auto flat = at::cat(pieces);
    std::vector<at::Tensor> tensors{ flat };
    comm.group->allreduce(tensors)->wait();
    flat.div_(comm.world);
    int64_t from = 0;
    for (const auto &parameter : parameters) {
        auto &gradient = parameter.mutable_grad();
        gradient.copy_(flat.narrow(0, from, gradient.numel()).view(gradient.sizes()));
        from += gradient.numel();
    }
}

} // namespace

MOCO__DEFINE_INIT(moco_ddp_options, MOCO_DDP_OPTIONS_INIT)

moco_status moco_ddp_create(moco_ddp **out, moco_comm *comm, moco_encoder *encoder, const moco_ddp_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    moco_ddp_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_DDP_OPTIONS_INIT);
    if (!(o.bucket_mib > 0 && std::isfinite(o.bucket_mib))) {
        throw moco::Error(MOCO_EINVALID,
                          "ddp: the bucket size is " + std::to_string(o.bucket_mib) + " MiB; use more than 0");
    }
    auto ddp = std::make_unique<moco_ddp>();
    ddp->comm = comm;
    ddp->parameters = moco_encoder_parameters(encoder)->values;
    if (moco_comm_world(comm) > 1) {
        const moco::Collective mark(*comm);
        try {
            match_ranks(*ddp, encoder);
            if (o.overlap) {
                make_buckets(*ddp, o);
            }
        } catch (...) {
            moco::rethrow_as_peer(*comm, "matching the ranks' encoders");
        }
    }
    *out = ddp.release();
    MOCO_API_END
}

void moco_ddp_free(moco_ddp *ddp)
{
    delete ddp;
}

moco_status moco_ddp_backward(moco_ddp *ddp, const moco_tensor *loss, bool average)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(ddp);
    MOCO_CHECK_ARG(loss);
    if (!average || moco_comm_world(ddp->comm) == 1) {
        loss->value.backward();
        return MOCO_OK;
    }
    const moco::Collective mark(*ddp->comm);
    try {
        if (ddp->buckets != nullptr) {
            ddp->buckets->start();
            loss->value.backward();
            ddp->buckets->finish();
        } else {
            loss->value.backward();
            reduce_afterwards(*ddp->comm, ddp->parameters);
        }
    } catch (...) {
        moco::rethrow_as_peer(*ddp->comm, "averaging gradients");
    }
    MOCO_API_END
}

moco_status moco_ddp_average(moco_comm *comm, const moco_tensor_list *parameters)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(parameters);
    for (const auto &parameter : parameters->values) {
        if (!parameter.grad().defined()) {
            throw moco::Error(MOCO_EINVALID, "ddp: a parameter has no gradient to average; run a backward pass first");
        }
    }
    if (moco_comm_world(comm) > 1) {
        const moco::Collective mark(*comm);
        try {
            reduce_afterwards(*comm, parameters->values);
        } catch (...) {
            moco::rethrow_as_peer(*comm, "averaging gradients");
        }
    }
    MOCO_API_END
}
