// Averages gradients over the ranks by c10d::Reducer, the engine of PyTorch's DistributedDataParallel.
#include "base/handle.hpp"
#include "base/options_read_internal.h"
#include "ranks/comm.hpp"

#include "moco/ddp.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/logger.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

constexpr size_t broadcast_bytes = size_t{ 250 } << 20; // bytes per message, as in PyTorch
constexpr double mib = 1024 * 1024;

using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// Sends a bucket of gradients as bfloat16.
class Bf16Hook : public c10d::CppCommHookInterface<Group> {
  public:
    explicit Bf16Hook(const Group &group) : CppCommHookInterface(group) {}

    c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket &bucket) override
    {
        auto gradients = bucket.getBufferRef();
        std::vector<at::Tensor> compressed{ gradients.to(at::kBFloat16).div_(state_->getSize()) };
        const auto sum = state_->allreduce(compressed)->getFuture();
        return sum->then(
            [gradients](c10::ivalue::Future &future) {
                gradients.copy_(future.value().toTensorVector()[0]);
                return c10::IValue(gradients);
            },
            sum->elementType());
    }
};

} // namespace

struct moco_ddp : moco::Counted {
    moco_comm *comm = nullptr;
    std::vector<at::Tensor> parameters;
    std::shared_ptr<c10d::Reducer> reducer; // null for one process, or without overlap
    std::shared_ptr<c10d::Logger> logger;   // the reducer needs it
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

void make_reducer(moco_ddp &ddp, const moco_ddp_options &o)
{
    const auto cap = static_cast<int64_t>(o.bucket_mib * mib);
    const std::vector<bool> dense(ddp.parameters.size(), false);
    // One bucket for the first pass, as in PyTorch; its order gives the final buckets.
    auto [buckets, sizes] = c10d::compute_bucket_assignment_by_size(
        ddp.parameters, { static_cast<size_t>(std::numeric_limits<int64_t>::max()) }, dense);
    ddp.reducer = std::make_shared<c10d::Reducer>(
        ddp.parameters, std::move(buckets), ddp.comm->group, dense, cap, /*find_unused_parameters=*/false,
        /*gradient_as_bucket_view=*/true, std::unordered_map<size_t, std::string>{},
        std::min(cap, int64_t{ c10d::kDefaultFirstBucketBytes }), /*skip_all_reduce_unused_params=*/false,
        /*use_python_reducer=*/false, std::vector<int64_t>{});
    ddp.logger = std::make_shared<c10d::Logger>(ddp.reducer);
    ddp.reducer->set_logger(ddp.logger);
    ddp.logger->set_construction_data_and_log("moco", {}, -1, false, false, false);
    if (o.compress_bf16) {
        ddp.reducer->register_comm_hook(std::make_unique<Bf16Hook>(ddp.comm->group));
    }
}

void backward_with_reducer(moco_ddp &ddp, const at::Tensor &loss)
{
    ddp.reducer->prepare_for_forward();
    ddp.reducer->rebuild_buckets();
    ddp.reducer->prepare_for_backward({});
    loss.backward();
}

// PyTorch chooses its buckets after the first step. A resumed run would therefore start with other buckets than an
// uninterrupted run has at that step, and would sum in another order. One pass over the parameters chooses them now.
void settle_buckets(moco_ddp &ddp)
{
    auto sum = at::zeros({}, ddp.parameters.front().options().requires_grad(false));
    for (const auto &parameter : ddp.parameters) {
        sum = sum + parameter.sum();
    }
    backward_with_reducer(ddp, sum);
    ddp.reducer->prepare_for_forward();
    ddp.reducer->rebuild_buckets();
    for (auto &parameter : ddp.parameters) {
        parameter.mutable_grad().reset();
    }
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
                make_reducer(*ddp, o);
                settle_buckets(*ddp);
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
    try {
        delete ddp;
    } catch (...) { // ~Reducer may throw if a backward pass was interrupted
    }
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
        if (ddp->reducer != nullptr) {
            backward_with_reducer(*ddp, loss->value);
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
