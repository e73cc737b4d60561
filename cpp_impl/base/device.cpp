// Finds devices and sets threads. CUDA is used only through the plug-in, so one build runs with and without a GPU.
#include "base/cpu_level.hpp"
#include "base/cuda_plugin.hpp"
#include "base/handle.hpp"
#include "base/machine_internal.h"

#include "moco/device.h"
#include "moco/version.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/headeronly/version.h>

#include <charconv>
#include <cstdio>
#include <dlfcn.h>
#include <optional>
#include <chrono>
#include <thread>

namespace {

struct Cuda {
    const moco::CudaPlugin *plugin = nullptr;
    int count = 0;
    std::string reason; // why count is 0
};

// Returns the path of the plug-in, which is in the folder of libmoco.so.
std::string plugin_path()
{
    Dl_info info{};
    std::string path = dladdr(reinterpret_cast<const void *>(&moco_device_parse), &info) != 0 ? info.dli_fname : "";
    const auto slash = path.rfind('/');
    return (slash == std::string::npos ? "" : path.substr(0, slash + 1)) + "libmoco_cuda.so";
}

Cuda load_cuda()
{
    Cuda cuda;
    const std::string path = plugin_path();
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) {
        cuda.reason = std::string("cannot load ") + dlerror() +
                      " (build with CUDA headers, and install libtorch with CUDA: make deps build CUDA=1)";
        return cuda;
    }
    const auto entry = reinterpret_cast<moco::CudaPluginEntry *>(dlsym(library, "moco_cuda_plugin"));
    if (entry == nullptr) {
        cuda.reason = path + " is not a plug-in of this version";
        return cuda;
    }
    cuda.plugin = entry();
    char reason[256] = "";
    cuda.count = cuda.plugin->device_count(reason, sizeof reason);
    cuda.reason = reason;
    return cuda;
}

const Cuda &cuda()
{
    static const Cuda loaded = load_cuda();
    return loaded;
}

moco_device parse_cuda(const std::string &text)
{
    int index = 0;
    if (text.size() > 4) {
        const char *first = text.data() + 5;
        const char *last = text.data() + text.size();
        const auto parsed = std::from_chars(first, last, index);
        if (text[4] != ':' || parsed.ec != std::errc() || parsed.ptr != last || index < 0) {
            throw moco::Error(MOCO_EINVALID, "device \"" + text + "\" is not known; use cpu, cuda or cuda:N");
        }
    }
    if (cuda().count == 0) {
        throw moco::Error(MOCO_EUNAVAILABLE,
                          "device \"" + text + "\" cannot be used: " + cuda().reason + "; use --device cpu");
    }
    if (index >= cuda().count) {
        throw moco::Error(MOCO_EUNAVAILABLE, "device \"" + text + "\" does not exist; use cuda:0 to cuda:" +
                                                 std::to_string(cuda().count - 1));
    }
    return { MOCO_CUDA, index };
}

// Marks the end of this thread's last queued copy from the host; kept from batch to batch.
struct Uploads {
    std::optional<c10::Event> last;
    bool pending = false;
};
thread_local Uploads uploads;

} // namespace

const moco::CudaPlugin &moco::cuda_plugin()
{
    if (cuda().plugin == nullptr) {
        throw Error(MOCO_EUNAVAILABLE, cuda().reason);
    }
    return *cuda().plugin;
}

void moco::note_upload(const at::Tensor &source, at::Device device)
{
    if (device.is_cuda() && source.is_cpu()) {
        const c10::impl::VirtualGuardImpl guard(device.type());
        if (!uploads.last.has_value() || uploads.last->device_index() != device.index()) {
            uploads.last.emplace(device.type());
        }
        uploads.last->record(guard.getStream(device));
        uploads.pending = true;
    }
}

moco_status moco_device_parse(moco_device *out, const char *text)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(text);
    const std::string name = text;
    if (name == "cpu") {
        *out = { MOCO_CPU, 0 };
    } else if (name.rfind("cuda", 0) == 0) {
        *out = parse_cuda(name);
    } else {
        throw moco::Error(MOCO_EINVALID, "device \"" + name + "\" is not known; use cpu, cuda or cuda:N");
    }
    MOCO_API_END
}

int32_t moco_device_cuda_count(void)
{
    try {
        return cuda().count;
    } catch (...) {
        return 0;
    }
}

moco_status moco_device_describe(char *buffer, size_t size, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(buffer);
    if (device.type == MOCO_CPU) {
        (void)std::snprintf(buffer, size, "CPU, %s", at::get_cpu_capability().c_str());
    } else if (device.index < 0 || device.index >= cuda().count) {
        throw moco::Error(MOCO_EUNAVAILABLE, "cuda:" + std::to_string(device.index) + ": " + cuda().reason);
    } else {
        cuda().plugin->describe(device.index, buffer, size);
    }
    MOCO_API_END
}

moco_precision moco_precision_fastest(moco_device device)
{
    bool fast = false;
    if (device.type == MOCO_CUDA) {
        fast = device.index < cuda().count && cuda().plugin->has_bf16(device.index);
    } else {
        fast = moco::cpu_has_avx512_bf16();
    }
    return fast ? MOCO_BF16 : MOCO_FP32;
}

moco_layout moco_layout_fastest(moco_device device, moco_precision precision)
{
    return device.type == MOCO_CUDA && precision == MOCO_FP32 ? MOCO_NCHW : MOCO_NHWC;
}

moco_status moco_device_synchronize(moco_device device)
{
    MOCO_API_BEGIN
    if (device.type == MOCO_CUDA) {
        const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        guard.synchronizeDevice(static_cast<c10::DeviceIndex>(device.index));
    }
    MOCO_API_END
}

moco_status moco_device_wait_uploads(moco_device device)
{
    MOCO_API_BEGIN
    if (device.type == MOCO_CUDA && uploads.pending) {
        while (!uploads.last->query()) { // synchronize() alone would keep a core busy
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        uploads.last->synchronize();
        uploads.pending = false;
    }
    MOCO_API_END
}

moco_status moco_device_peak_bytes(int64_t *out, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    if (device.type == MOCO_CPU) {
        *out = 0;
    } else {
        const auto stats =
            c10::getDeviceAllocator(c10::DeviceType::CUDA)->getDeviceStats(static_cast<c10::DeviceIndex>(device.index));
        *out = stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
    }
    MOCO_API_END
}

moco_status moco_threads_set(int32_t count)
{
    MOCO_API_BEGIN
    if (count < 0) {
        throw moco::Error(MOCO_EINVALID, "threads " + std::to_string(count) + " is negative; use 0 for one per core");
    }
    at::set_num_threads(count > 0 ? count : moco__cores());
    MOCO_API_END
}

int32_t moco_threads(void)
{
    return at::get_num_threads();
}

const char *moco_libtorch_version(void)
{
    return TORCH_VERSION;
}
