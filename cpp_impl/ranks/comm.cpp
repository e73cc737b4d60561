// Implements collectives by c10d: Gloo for the CPU, NCCL (in the plug-in) for CUDA. One process needs neither.
#include "ranks/comm.hpp"

#include "base/handle.hpp"
#include "base/options_read_internal.h"
#include "base/thread_internal.h"
#include "ranks/comm_device.hpp"
#include "ranks/store.hpp"

#include <ATen/ops/empty.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <thread>

namespace {

using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

void add_gloo(const Group &group, const moco_comm_options &o)
{
    auto options = c10d::ProcessGroupGloo::Options::create(moco::timeout_of(o));
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(o.address));
    const auto store = c10::make_intrusive<c10d::PrefixStore>("gloo", moco::prefixed(*o.store));
    const auto backend = c10::make_intrusive<c10d::ProcessGroupGloo>(store, o.rank, o.world, options);
    group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, backend);
}

// c10d's recorder of collectives has a table of groups that it changes without a lock: groups of several threads could
// crash a process (libtorch 2.11). It is off unless the user asks for it.
void turn_recorder_off()
{
    [[maybe_unused]] static const int done = std::getenv("TORCH_NCCL_TRACE_BUFFER_SIZE") == nullptr
                                                 ? setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/0)
                                                 : 0;
}

// Gloo writes to sockets without MSG_NOSIGNAL, so that a peer that is gone could end this process. Its threads inherit
// what is blocked while they are started.
class PipeSignalBlocked {
  public:
    PipeSignalBlocked() { moco__thread_block_pipe(&before_); }
    ~PipeSignalBlocked() { moco__thread_unblock_pipe(&before_); }
    PipeSignalBlocked(const PipeSignalBlocked &) = delete;
    PipeSignalBlocked &operator=(const PipeSignalBlocked &) = delete;

  private:
    sigset_t before_{};
};

void make_group(moco_comm &comm, const moco_comm_options &o)
{
    const PipeSignalBlocked blocked;
    turn_recorder_off();
    comm.group = c10::make_intrusive<c10d::ProcessGroup>(moco::prefixed(*o.store), o.rank, o.world);
    add_gloo(comm.group, o);
    if (o.device.type == MOCO_CUDA) {
        moco::add_nccl(comm, o);
    }
    comm.group->setDefaultBackend(o.device.type == MOCO_CUDA ? c10d::ProcessGroup::BackendType::NCCL
                                                             : c10d::ProcessGroup::BackendType::GLOO);
    comm.group->setGroupName("moco");
}

void check_options(const moco_comm_options &o)
{
    if (o.world < 1 || o.rank < 0 || o.rank >= o.world) {
        throw moco::Error(MOCO_EINVALID, "comm: rank " + std::to_string(o.rank) + " of " + std::to_string(o.world) +
                                             " does not exist; use 0 to one less than the number of ranks");
    }
    if (o.world > 1 && (o.store == nullptr || o.address == nullptr || !(o.timeout_s > 0))) {
        throw moco::Error(MOCO_EINVALID, "comm: several processes need a store, an address and a time-out above 0 s");
    }
    moco::check_device(o.device);
}

void check_counts(const std::vector<int64_t> &counts)
{
    if (std::any_of(counts.begin(), counts.end(), [](int64_t count) { return count < 0; })) {
        throw moco::Error(MOCO_EINVALID, "comm: a number of rows to exchange is negative");
    }
}

bool is_alone(const moco_comm *comm)
{
    return comm == nullptr || comm->world == 1;
}

// Runs a collective to its end.
template <typename Operation> void run(moco_comm &comm, const char *what, const Operation &operation)
{
    moco::check_alive(comm);
    const moco::Collective mark(comm);
    try {
        operation(*comm.group)->wait();
    } catch (...) {
        moco::rethrow_as_peer(comm, what);
    }
}

// Returns contiguous rows. Channels-last images are permuted, not copied.
at::Tensor as_rows(const at::Tensor &tensor)
{
    const bool channels_last = tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
    return channels_last ? tensor.permute({ 0, 2, 3, 1 }) : tensor.contiguous();
}

at::Tensor from_rows(const at::Tensor &rows, const at::Tensor &like)
{
    return like.dim() == 4 && like.is_contiguous(at::MemoryFormat::ChannelsLast) ? rows.permute({ 0, 3, 1, 2 }) : rows;
}

at::Tensor empty_rows(const at::Tensor &rows, int64_t count)
{
    auto sizes = rows.sizes().vec();
    sizes[0] = count;
    return at::empty(sizes, rows.options());
}

void check_rows(const at::Tensor &tensor)
{
    if (tensor.dim() < 1) {
        throw moco::Error(MOCO_EINVALID,
                          "comm: the tensor has no dimensions, so it has no rows; use one of shape N x ...");
    }
}

} // namespace

void moco::rethrow_as_peer(const moco_comm &comm, const char *what)
{
    std::string text;
    try {
        throw;
    } catch (const Error &) {
        throw;
    } catch (const c10::OutOfMemoryError &) {
        throw;
    } catch (const c10::Error &error) {
        text = error.what_without_backtrace();
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const std::exception &error) { // Gloo throws exceptions that are not a c10::Error
        text = error.what();
    }
    // Gloo and NCCL name themselves in their messages. Anything else is an error of this rank.
    for (const char *sign : { "gloo", "NCCL", "nccl", "onnection", "imed out", "imeout", "store" }) {
        if (text.find(sign) != std::string::npos) {
            comm.broken.store(true);
            throw Error(MOCO_EPEER, std::string(what) + " on rank " + std::to_string(comm.rank) + ": " +
                                        text.substr(0, text.find('\n')));
        }
    }
    throw;
}

void moco::all_reduce(moco_comm &comm, at::Tensor &tensor)
{
    run(comm, "all_reduce", [&](c10d::ProcessGroup &group) {
        std::vector<at::Tensor> tensors{ tensor };
        return group.allreduce(tensors);
    });
}

at::Tensor moco::all_gather(moco_comm &comm, const at::Tensor &tensor)
{
    auto rows = as_rows(tensor);
    auto gathered = empty_rows(rows, rows.size(0) * comm.world);
    run(comm, "all_gather", [&](c10d::ProcessGroup &group) { return group._allgather_base(gathered, rows); });
    return from_rows(gathered, tensor);
}

moco_status moco__comm_create(moco_comm **out, const moco_comm_options *options)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    moco_comm_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_COMM_OPTIONS_INIT);
    check_options(o);
    auto comm = std::make_unique<moco_comm>();
    comm->rank = o.rank;
    comm->world = o.world;
    comm->timeout_s = o.timeout_s;
    if (o.world > 1) {
        try {
            make_group(*comm, o);
        } catch (...) {
            moco::rethrow_as_peer(*comm, "connecting");
        }
    }
    *out = comm.release();
    MOCO_API_END
}

void moco__comm_free(moco_comm *comm)
{
    try {
        if (comm != nullptr && (comm->broken.load() || comm->aborted.load())) {
            moco__comm_abort(comm);
            // Pending operations end with their time-out; do not wait for that.
            std::thread([group = std::move(comm->group), device = std::move(comm->device_backend)]() mutable {
                device.reset();
                group.reset();
            }).detach();
        } else if (comm != nullptr && comm->device_backend != nullptr) {
            comm->device_backend->shutdown();
        }
    } catch (...) { // connections may be broken
    }
    delete comm;
}

int32_t moco_comm_rank(const moco_comm *comm)
{
    return comm != nullptr ? comm->rank : 0;
}

int32_t moco_comm_world(const moco_comm *comm)
{
    return comm != nullptr ? comm->world : 1;
}

moco_status moco__comm_connect(moco_comm *comm)
{
    MOCO_API_BEGIN
    if (comm == nullptr || comm->device_backend == nullptr) {
        return MOCO_OK;
    }
    // NCCL waits without a time-out for a rank that does not come, so let all come here first.
    MOCO_TRY(moco_comm_barrier(comm));
    const moco::Collective mark(*comm);
    try {
        comm->device_backend->eagerConnectSingleDevice(*comm->device);
    } catch (...) {
        moco::rethrow_as_peer(*comm, "connecting the GPUs");
    }
    MOCO_API_END
}

moco_status moco_comm_barrier(moco_comm *comm)
{
    MOCO_API_BEGIN
    if (!is_alone(comm)) {
        // Over the host: ProcessGroup::barrier() takes memory on the GPU that is current, and keeps it to the end.
        run(*comm, "barrier",
            [](c10d::ProcessGroup &group) { return group.getBackend(c10::DeviceType::CPU)->barrier(); });
    }
    MOCO_API_END
}

moco_status moco_comm_broadcast(moco_comm *comm, moco_tensor *tensor, int32_t root)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    if (root < 0 || root >= moco_comm_world(comm)) {
        throw moco::Error(MOCO_EINVALID, "comm: cannot broadcast from rank " + std::to_string(root) + "; use 0 to " +
                                             std::to_string(moco_comm_world(comm) - 1));
    }
    if (!is_alone(comm)) {
        run(*comm, "broadcast", [&](c10d::ProcessGroup &group) {
            c10d::BroadcastOptions options;
            options.rootRank = root;
            std::vector<at::Tensor> tensors{ tensor->value.detach() };
            return group.broadcast(tensors, options);
        });
    }
    MOCO_API_END
}

moco_status moco_comm_all_reduce(moco_comm *comm, moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(tensor);
    if (!is_alone(comm)) {
        auto values = tensor->value.detach();
        moco::all_reduce(*comm, values);
    }
    MOCO_API_END
}

moco_status moco_comm_all_gather(moco_tensor **out, moco_scope *scope, moco_comm *comm, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    check_rows(tensor->value);
    if (is_alone(comm)) {
        moco::give(out, scope, tensor->value.detach());
        return MOCO_OK;
    }
    moco::give(out, scope, moco::all_gather(*comm, tensor->value.detach()));
    MOCO_API_END
}

moco_status moco_comm_all_to_all(moco_tensor **out, moco_scope *scope, moco_comm *comm, const moco_tensor *tensor,
                                 const int64_t *send, const int64_t *receive)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    MOCO_CHECK_ARG(send);
    MOCO_CHECK_ARG(receive);
    check_rows(tensor->value);
    const auto world = static_cast<size_t>(moco_comm_world(comm));
    std::vector<int64_t> sent(send, send + world);
    std::vector<int64_t> received(receive, receive + world);
    check_counts(sent);
    check_counts(received);
    if (std::accumulate(sent.begin(), sent.end(), int64_t{ 0 }) != tensor->value.size(0)) {
        throw moco::Error(MOCO_EINVALID,
                          "comm: the rows to send must sum to the tensor's " + std::to_string(tensor->value.size(0)));
    }
    if (is_alone(comm)) {
        moco::give(out, scope, tensor->value.detach());
        return MOCO_OK;
    }
    const auto value = tensor->value.detach();
    auto rows = as_rows(value);
    auto exchanged = empty_rows(rows, std::accumulate(received.begin(), received.end(), int64_t{ 0 }));
    run(*comm, "all_to_all",
        [&](c10d::ProcessGroup &group) { return group.alltoall_base(exchanged, rows, received, sent); });
    moco::give(out, scope, from_rows(exchanged, value));
    MOCO_API_END
}

moco_status moco__comm_largest(int64_t *out, moco_comm *comm, int64_t value)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    if (is_alone(comm)) {
        *out = value;
        return MOCO_OK;
    }
    auto largest = at::empty({ 1 }, at::kLong);
    *largest.mutable_data_ptr<int64_t>() = value;
    run(*comm, "largest", [&](c10d::ProcessGroup &group) {
        c10d::AllreduceOptions options;
        options.reduceOp = c10d::ReduceOp::MAX;
        std::vector<at::Tensor> tensors{ largest };
        return group.allreduce(tensors, options);
    });
    *out = *largest.const_data_ptr<int64_t>();
    MOCO_API_END
}

moco_comm_position moco__comm_where(const moco_comm *comm)
{
    if (comm == nullptr) {
        return { 0, false };
    }
    return { comm->entered.load(), comm->inside.load() };
}
