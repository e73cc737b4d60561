// Copies tensors to GPUs without a wait of the host, and without a wait for what the GPU computes.
#include "tensor/upload.hpp"

#include "base/handle.hpp"

#include <ATen/ops/empty_like.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>

namespace moco {

namespace {

using c10::impl::VirtualGuardImpl;

constexpr std::size_t staged_most = std::size_t{ 1 } << 20; // bytes; more would keep much pinned memory

// Returns this thread's stream for copies to a device.
c10::Stream copying_stream(const VirtualGuardImpl &guard, at::Device device)
{
    thread_local std::map<at::Device, c10::Stream, bool (*)(at::Device, at::Device)> streams(
        [](at::Device a, at::Device b) { return a.index() < b.index(); });
    const auto found = streams.find(device);
    return found != streams.end() ? found->second
                                  : streams.emplace(device, guard.getStreamFromGlobalPool(device)).first->second;
}

// Makes a stream the current one of its device, until the end of the block.
class OnStream {
  public:
    OnStream(const VirtualGuardImpl &guard, c10::Stream stream) : guard_(guard), before_(guard.exchangeStream(stream))
    {}
    OnStream(const OnStream &) = delete;
    OnStream &operator=(const OnStream &) = delete;
    ~OnStream() { (void)guard_.exchangeStream(before_); }

  private:
    const VirtualGuardImpl &guard_;
    c10::Stream before_;
};

at::Tensor upload(const at::Tensor &source, at::Device device)
{
    const VirtualGuardImpl guard(device.type());
    const c10::Stream computing = guard.getStream(device);
    const c10::Stream copying = copying_stream(guard, device);
    at::Tensor copy;
    {
        const OnStream on(guard, copying);
        copy = source.to(device, source.scalar_type(), /*non_blocking=*/true);
        note_upload(source, device);
    }
    c10::Event copied(device.type());
    copied.record(copying);
    copied.block(computing);
    // The memory belongs to the copying stream, which must not reuse it before the computation is done with it.
    guard.recordDataPtrOnStream(copy.storage().data_ptr(), computing);
    return copy;
}

} // namespace

at::Tensor copy_to(const at::Tensor &source, at::Device device)
{
    if (device.is_cuda() && source.is_cpu() && source.numel() > 0 && source.is_pinned()) {
        return upload(source, device);
    }
    return source.to(device, source.scalar_type());
}

at::Tensor copy_values_to(const at::Tensor &source, at::Device device)
{
    if (device.is_cuda() && source.nbytes() > 0 && source.nbytes() <= staged_most) {
        // The allocator of pinned memory does not reuse the block before the copy has read it.
        return upload(at::empty_like(source, source.options().pinned_memory(true)).copy_(source), device);
    }
    return source.to(device, source.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
}

} // namespace moco
