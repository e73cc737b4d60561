// Makes the libmoco_cuda.so of the tests.
#include "base/cuda_plugin.hpp"

#include "fake_gpu/fake_complaint.hpp"
#include "fake_gpu/fake_device.hpp"
#include "fake_gpu/fake_graph.hpp"
#include "fake_gpu/fake_memory.hpp"
#include "fake_gpu/fake_nccl.hpp"

#include <c10/core/CachingDeviceAllocator.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

// A device that cannot be made is a broken test, so exceptions end the process.
int device_count(char *reason, std::size_t size) noexcept
{
    static const bool started = [] {
        c10::SetAllocator(c10::DeviceType::CUDA, &fake_gpu::device_allocator(), 255);
        fake_gpu::install_fault_handler();
        return true;
    }();
    (void)started;
    if (fake_gpu::device_count() == 0) {
        (void)std::snprintf(reason, size, "FAKE_GPUS is 0");
    }
    return fake_gpu::device_count();
}

void describe(int index, char *buffer, std::size_t size) noexcept
{
    (void)std::snprintf(buffer, size, "pretended GPU %d", index);
}

bool has_bf16(int /*index*/) noexcept
{
    const char *text = std::getenv("FAKE_GPU_BF16");
    return text == nullptr || std::string_view(text) != "0";
}

const moco::CudaPlugin kPlugin = { device_count, describe, has_bf16, fake_gpu::make_nccl, fake_gpu::make_graph };

} // namespace

extern "C" __attribute__((visibility("default"))) const moco::CudaPlugin *
moco_cuda_plugin_of(moco::CudaPluginVersion version)
{
    return moco::plugin_for(version, kPlugin);
}
