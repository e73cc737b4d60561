// Records work on a GPU as a CUDA graph, and replays it.
#include "base/cuda_plugin.hpp"
#include "base/graph_internal.h"
#include "base/handle.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

// Runs before the recording. DistributedDataParallel takes measurements in its first 10.
static constexpr int warm_up_runs = 11;

struct moco_graph : moco::Counted {
    explicit moco_graph(at::Device on)
        : device(on), guard(on.type()), before(guard.exchangeStream(guard.getStreamFromGlobalPool(on)))
    {}
    moco_graph(const moco_graph &) = delete;
    moco_graph &operator=(const moco_graph &) = delete;
    ~moco_graph()
    {
        recorded.reset();
        inputs.clear();
        (void)guard.exchangeStream(before);
    }

    at::Device device;
    c10::impl::VirtualGuardImpl guard;
    c10::Stream before; // the thread's
    std::vector<at::Tensor> inputs;
    int runs = 0;
    std::unique_ptr<moco::CudaGraph> recorded;
};

namespace {

moco_status record(moco_graph &graph, moco_graph_fn work, void *payload)
{
    auto fresh = moco::cuda_plugin().make_graph();
    fresh->begin();
    const moco_status status = work(payload);
    try {
        fresh->end();
    } catch (...) {
        if (status == MOCO_OK) {
            throw;
        } // else the work has said what was wrong
    }
    if (status == MOCO_OK) {
        graph.recorded = std::move(fresh);
        graph.recorded->replay(); // the recording computes nothing
    }
    return status;
}

} // namespace

moco_status moco__graph_create(moco_graph **out, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    if (device.type != MOCO_CUDA) {
        throw moco::Error(MOCO_EINVALID, "graph: a CPU has no CUDA graphs; use cuda-graph off");
    }
    (void)moco::cuda_plugin();
    *out = std::make_unique<moco_graph>(moco::to_torch(device)).release();
    MOCO_API_END
}

void moco__graph_free(moco_graph *graph)
{
    if (graph == nullptr) {
        return;
    }
    try {
        graph->guard.synchronizeDevice(graph->device.index());
    } catch (...) { // the device has failed before
    }
    delete graph;
}

moco_status moco__graph_input(moco_tensor **out, moco_scope *scope, moco_graph *graph, size_t slot,
                              const moco_tensor *value)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(graph);
    MOCO_CHECK_ARG(value);
    const at::NoGradGuard no_grad;
    graph->inputs.resize(std::max(graph->inputs.size(), slot + 1));
    auto &input = graph->inputs[slot];
    if (!input.defined()) {
        input = value->value.clone();
    } else if (input.sizes() != value->value.sizes() || input.scalar_type() != value->value.scalar_type()) {
        throw moco::Error(MOCO_EINVALID, "graph: input " + std::to_string(slot) +
                                             " has changed its sizes or type, but what is recorded stays; give batches "
                                             "of one size, or use cuda-graph off");
    } else {
        input.copy_(value->value);
    }
    moco::give(out, scope, input);
    MOCO_API_END
}

moco_status moco__graph_run(moco_graph *graph, moco_graph_fn work, void *payload)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(graph);
    MOCO_CHECK_ARG(work);
    const c10::DeviceGuard on(graph->device);
    if (graph->recorded != nullptr) {
        graph->recorded->replay();
    } else if (graph->runs < warm_up_runs) {
        ++graph->runs;
        return work(payload);
    } else {
        return record(*graph, work, payload);
    }
    MOCO_API_END
}

bool moco__graph_recorded(const moco_graph *graph)
{
    return graph != nullptr && graph->recorded != nullptr;
}
