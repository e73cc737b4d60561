// Registers the allocators and the hooks of the pretended GPU in place of CUDA's.
#include "fake_gpu/fake_capture.hpp"
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_pinned.hpp"
#include "fake_gpu/fake_trace.hpp"

#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <cstring>
#include <utility>

namespace fake_gpu {
namespace {

void free_block(void *block)
{
    if (block != nullptr) {
        if (block_info(block).graph == nullptr) { // else it is not used again while the graph lives
            race_freed(block);
        }
        device_free(block);
    }
}

class DeviceMemory final : public c10::DeviceAllocator {
  public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(current_device()));
        void *block = nullptr;
        if (bytes > 0) {
            count(Counter::allocations);
            block = device_alloc(current_device(), bytes, pool_of_capture(current_key()));
            TORCH_CHECK_WITH(OutOfMemoryError, block != nullptr, "CUDA out of memory: cannot take ", bytes,
                             " bytes of the pretended GPU ", current_device());
            race_taken(block, current_key());
        }
        return { block, block, &free_block, device };
    }
    c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
    void copy_data(void *to, const void *from, std::size_t n) const override
    {
        std::memcpy(host_view(to), host_view(from), n);
    }
    bool initialized() override { return true; }
    void emptyCache(c10::MempoolId_t) override {}
    void recordStream(const c10::DataPtr &p, c10::Stream s) override
    {
        if (p.get() != nullptr) {
            race_recorded(p.get(), stream_key(s.device_index(), s.id()));
        }
    }
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex d) override
    {
        c10::CachingDeviceAllocator::DeviceStats stats;
        stats.allocated_bytes[0].current = current_bytes(d);
        stats.allocated_bytes[0].peak = peak_bytes(d);
        return stats;
    }
    void resetAccumulatedStats(c10::DeviceIndex) override {}
    void resetPeakStats(c10::DeviceIndex d) override { reset_peak(d); }
};

class PinnedMemory final : public c10::Allocator {
  public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        void *block = pinned_alloc(bytes);
        return { block, block, &pinned_free, c10::Device(c10::DeviceType::CPU) };
    }
    c10::DeleterFnPtr raw_deleter() const override { return &pinned_free; }
    void copy_data(void *to, const void *from, std::size_t n) const override { std::memcpy(to, from, n); }
};

// compiledWithCuDNN() stays false: else batch norm and convolutions would go to operators of cuDNN.
class Hooks final : public at::CUDAHooksInterface {
  public:
    explicit Hooks(at::CUDAHooksArgs /*none*/) {}
    void init() const override {}
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return device_count() > 0; }
    bool hasCUDA() const override { return true; }
    bool hasCUDART() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    bool isPinnedPtr(const void *p) const override { return is_pinned(p); }
    at::Device getDeviceFromPtr(void *p) const override
    {
        return { c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device_of(p)) };
    }
    at::Allocator *getPinnedMemoryAllocator() const override { return &pinned_allocator(); }
    at::Allocator *getCUDADeviceAllocator() const override { return &device_allocator(); }
    at::DeviceIndex deviceCount() const override { return static_cast<at::DeviceIndex>(device_count()); }
    int getNumGPUs() const override { return device_count(); }
    at::DeviceIndex current_device() const override { return getCurrentDevice(); }
    at::DeviceIndex getCurrentDevice() const override
    {
        return static_cast<at::DeviceIndex>(fake_gpu::current_device());
    }
    void setCurrentDevice(at::DeviceIndex d) const override { set_current_device(d); }
    at::DeviceIndex exchangeDevice(at::DeviceIndex d) const override
    {
        const auto before = getCurrentDevice();
        set_current_device(d);
        return before;
    }
    at::DeviceIndex maybeExchangeDevice(at::DeviceIndex d) const override { return exchangeDevice(d); }
    void deviceSynchronize(at::DeviceIndex d) const override { host_waits_for_device(d); }
};

} // namespace

c10::DeviceAllocator &device_allocator()
{
    static auto *const memory = new DeviceMemory;
    return *memory;
}

c10::Allocator &pinned_allocator()
{
    static auto *const memory = new PinnedMemory;
    return *memory;
}

} // namespace fake_gpu

namespace at {
C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, fake_gpu::Hooks)
}
