// Makes the connections between the ranks' GPUs by NCCL, which is in the plug-in, and breaks them off.
#include "ranks/comm_device.hpp"

#include "base/cuda_plugin.hpp"
#include "base/handle.hpp"
#include "ranks/store.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

namespace {

// Whether libtorch's watchdog of NCCL has found an error.
bool has_error(const moco_comm &comm)
{
    if (comm.device_backend == nullptr || comm.silent.load()) {
        return false;
    }
    try {
        return comm.device_backend->getError() != c10d::ErrorType::SUCCESS;
    } catch (const c10::Error &) {
        comm.silent.store(true);
        return false;
    }
}

} // namespace

std::chrono::milliseconds moco::timeout_of(const moco_comm_options &o)
{
    return std::chrono::milliseconds(static_cast<int64_t>(o.timeout_s * 1000));
}

void moco::add_nccl(moco_comm &comm, const moco_comm_options &o)
{
    const auto store = c10::make_intrusive<c10d::PrefixStore>("nccl", moco::prefixed(*o.store));
    const auto make = moco::cuda_plugin().make_nccl;
    if (make == nullptr) {
        throw moco::Error(MOCO_EUNAVAILABLE, "comm: this build has no NCCL; build with its headers (make deps CUDA=1)");
    }
    comm.device = moco::to_torch(o.device);
    c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).setDevice(*comm.device);
    comm.device_backend = make(store, o.rank, o.world, timeout_of(o));
    comm.group->setBoundDeviceId(comm.device);
    comm.group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL, comm.device_backend);
}

void moco::check_alive(const moco_comm &comm)
{
    const char *reason = nullptr;
    if (comm.aborted.load()) {
        reason = "the connections between the GPUs were broken off, since another rank failed";
    } else if (has_error(comm)) {
        reason = "NCCL's watchdog found a time-out or a broken connection";
    }
    if (reason != nullptr) {
        comm.broken.store(true);
        throw Error(MOCO_EPEER, "rank " + std::to_string(comm.rank) + ": " + reason);
    }
}

void moco__comm_abort(moco_comm *comm)
{
    try {
        if (comm != nullptr && comm->device_backend != nullptr && !comm->aborted.exchange(true)) {
            const auto device = comm->device_backend; // outlives a communicator that is freed meanwhile
            device->abort();
        }
    } catch (...) { // the connections are given up in any case
    }
}

moco_status moco__comm_check(const moco_comm *comm)
{
    MOCO_API_BEGIN
    if (comm != nullptr) {
        moco::check_alive(*comm);
    }
    MOCO_API_END
}
