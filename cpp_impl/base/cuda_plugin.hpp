// Declares the interface of libmoco_cuda.so, which libmoco.so loads when a CUDA device is first used.
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
    // Returns the number of devices that can be used; if that is 0, writes the reason.
    int (*device_count)(char *reason, std::size_t size) noexcept;
    // Writes a line about a device: name, memory, compute capability.
    void (*describe)(int index, char *buffer, std::size_t size) noexcept;
    // Whether the device multiplies bfloat16 matrices at full speed.
    bool (*has_bf16)(int index) noexcept;
    // Makes NCCL over the ranks that meet at the store; null if the plug-in was built without NCCL's header.
    c10::intrusive_ptr<c10d::Backend> (*make_nccl)(const c10::intrusive_ptr<c10d::Store> &store, int rank, int world,
                                                   std::chrono::milliseconds timeout);
};

// Returns the plug-in; throws MOCO_EUNAVAILABLE with the reason if it cannot be loaded.
const CudaPlugin &cuda_plugin();

// The type of the plug-in's only symbol.
using CudaPluginEntry = const CudaPlugin *();

} // namespace moco

// The plug-in's only symbol.
extern "C" const moco::CudaPlugin *moco_cuda_plugin();
