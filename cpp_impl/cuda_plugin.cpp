// libmoco_cuda.so: the only code that needs CUDA's headers. Being linked with libtorch_cuda.so, its loading registers
// libtorch's CUDA kernels.
#include "cuda_plugin.hpp"

#include <cuda_runtime_api.h>

#include <cstdio>

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

constexpr moco::CudaPlugin kPlugin = { device_count, describe };

} // namespace

extern "C" __attribute__((visibility("default"))) const moco::CudaPlugin *moco_cuda_plugin()
{
    return &kPlugin;
}
