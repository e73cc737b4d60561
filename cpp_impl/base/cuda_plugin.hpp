// Declares the interface of libmoco_cuda.so, which libmoco.so loads when a CUDA device is first used.
#pragma once

#include "moco/version.h"

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace c10d {
class Backend;
class Store;
} // namespace c10d

namespace moco {

// A CUDA graph: what a stream is asked for is recorded once, and then started again by one launch, on the same memory.
// Everything it uses must live as long as it does; memory that is taken during the capture lives on its own. All
// functions throw c10::Error.
class CudaGraph {
  public:
    virtual ~CudaGraph() = default;
    // Starts to record what the current stream is asked for, by this thread and by autograd's, and streams that wait
    // for its events. Nothing is done before replay(). The default stream cannot be captured. Until the end, waits of
    // the host, reads of values and copies of pageable memory fail.
    virtual void begin() = 0;
    // Ends the capture, on the stream where it began. Side streams must have been waited for.
    virtual void end() = 0;
    // Queues all of it on the current stream.
    virtual void replay() = 0;
};

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
    // Makes a graph that is still empty, of the current device.
    std::unique_ptr<CudaGraph> (*make_graph)();
};

// Returns the plug-in; throws MOCO_EUNAVAILABLE with the reason if it cannot be loaded.
const CudaPlugin &cuda_plugin();

// What libmoco.so and its plug-in must agree in: libmoco's version, and the size of CudaPlugin.
struct CudaPluginVersion {
    const char *version;
    std::size_t size;
};

// The type of the plug-in's only symbol. It returns null for another version than its own.
using CudaPluginEntry = const CudaPlugin *(CudaPluginVersion);

constexpr CudaPluginVersion cuda_plugin_version{ MOCO_VERSION_STRING, sizeof(CudaPlugin) };

inline const CudaPlugin *plugin_for(CudaPluginVersion asked, const CudaPlugin &plugin)
{
    const bool same = asked.size == sizeof(CudaPlugin) && std::string_view(asked.version) == MOCO_VERSION_STRING;
    return same ? &plugin : nullptr;
}

// Loads the plug-in if the machine seems to have a GPU. Networks and gradients call it before they use libtorch, which
// looks for its part for CUDA only once.
void load_cuda_early();

} // namespace moco

// The plug-in's only symbol.
extern "C" const moco::CudaPlugin *moco_cuda_plugin_of(moco::CudaPluginVersion version);
