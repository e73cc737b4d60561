// Makes libmoco_cuda.so, the only code that needs CUDA's headers. It is linked with libtorch_cuda.so, so loading it
// registers libtorch's CUDA kernels.
#include "base/cuda_plugin.hpp"

#include <ATen/cuda/CUDAGraph.h>
#include <cuda_runtime_api.h>

#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <cstdio>
#include <cstdlib>

namespace {

int device_count(char *reason, std::size_t size) noexcept
{
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess) {
        (void)std::snprintf(reason, size, "%s", cudaGetErrorString(error));
        return 0;
    }
    if (count == 0) {
        (void)std::snprintf(reason, size, "the driver lists no GPU");
    }
    return count;
}

void describe(int index, char *buffer, std::size_t size) noexcept
{
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, index);
    if (error != cudaSuccess) {
        (void)std::snprintf(buffer, size, "GPU %d: %s", index, cudaGetErrorString(error));
        return;
    }
    (void)std::snprintf(buffer, size, "%s, %.1f GiB, compute capability %d.%d", properties.name,
                        static_cast<double>(properties.totalGlobalMem) / (1024.0 * 1024.0 * 1024.0), properties.major,
                        properties.minor);
}

bool has_bf16(int index) noexcept
{
    int major = 0;
    return cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index) == cudaSuccess && major >= 8;
}

#ifdef USE_C10D_NCCL
c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int world,
                                            std::chrono::milliseconds timeout)
{
    // libtorch's watchdog of NCCL ends the process by default. With CleanUpOnly it breaks off the connections, so that
    // the host continues and finds out which rank failed. torchrun sets another mode.
    setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", /*overwrite=*/1);
    setenv("TORCH_NCCL_ENABLE_MONITORING", "0", /*overwrite=*/0);
    setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", /*overwrite=*/0);
    auto options = c10d::ProcessGroupNCCL::Options::create(/*is_high_priority_stream=*/true);
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world, options);
}
#else
constexpr decltype(moco::CudaPlugin::make_nccl) make_nccl = nullptr;
#endif

class Graph final : public moco::CudaGraph {
  public:
    // Only this thread's calls can spoil the capture: NCCL's watchdog asks for events at any time.
    void begin() override { graph_.capture_begin({ 0, 0 }, cudaStreamCaptureModeThreadLocal); }
    void end() override { graph_.capture_end(); }
    void replay() override { graph_.replay(); }

  private:
    at::cuda::CUDAGraph graph_;
};

std::unique_ptr<moco::CudaGraph> make_graph()
{
    return std::make_unique<Graph>();
}

const moco::CudaPlugin plugin = { device_count, describe, has_bf16, make_nccl, make_graph };

} // namespace

extern "C" __attribute__((visibility("default"))) const moco::CudaPlugin *
moco_cuda_plugin_of(moco::CudaPluginVersion version)
{
    return moco::plugin_for(version, plugin);
}
