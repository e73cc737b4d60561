// What libmoco.so asks of libmoco_cuda.so, which is loaded when a CUDA device is first asked for.
#pragma once

#include <cstddef>

namespace moco {

struct CudaPlugin {
    // How many devices can be used; where none can, writes the reason.
    int (*device_count)(char *reason, std::size_t size) noexcept;
    // A line on a device: name, memory, compute capability.
    void (*describe)(int index, char *buffer, std::size_t size) noexcept;
};

} // namespace moco

// The plug-in's only symbol.
extern "C" const moco::CudaPlugin *moco_cuda_plugin();
using moco_cuda_plugin_fn = decltype(&moco_cuda_plugin);
