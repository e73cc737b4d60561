// What libmoco.so asks of libmoco_cuda.so, which is loaded when a CUDA device is first asked for.
#pragma once

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstddef>

namespace c10d {
class Backend;
class Store;
} // namespace c10d

namespace moco {

struct CudaPlugin {
    // How many devices can be used; where none can, writes the reason.
    int (*device_count)(char *reason, std::size_t size) noexcept;
    // A line on a device: name, memory, compute capability.
    void (*describe)(int index, char *buffer, std::size_t size) noexcept;
    // Whether it multiplies bfloat16 matrices at full speed.
    bool (*has_bf16)(int index) noexcept;
    // NCCL over the ranks that meet at the store; null where the plug-in was built without NCCL's header.
    c10::intrusive_ptr<c10d::Backend> (*make_nccl)(const c10::intrusive_ptr<c10d::Store> &store, int rank, int world,
                                                   std::chrono::milliseconds timeout);
};

// The plug-in; throws MOCO_EUNAVAILABLE with the reason where it cannot be loaded.
const CudaPlugin &cuda_plugin();

} // namespace moco

// The plug-in's only symbol.
extern "C" const moco::CudaPlugin *moco_cuda_plugin();
using moco_cuda_plugin_fn = decltype(&moco_cuda_plugin);
