// Finds devices. CUDA is used only through the plug-in, so one build runs with and without a GPU.
#include "base/cpu_level.hpp"
#include "base/cuda_plugin.hpp"
#include "base/device_internal.h"
#include "base/handle.hpp"

#include "moco/device.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <optional>
#include <thread>
#include <unistd.h>

namespace {

// The plug-in as it was loaded; null: it could not be, for this reason.
struct Library {
    const moco::CudaPlugin *plugin = nullptr;
    std::string reason;
};

struct Cuda {
    int count = 0;
    std::string reason; // why count is 0
};

constexpr const char *no_gpu = "no GPU: NVIDIA's driver is not loaded, or CUDA_VISIBLE_DEVICES hides it";

// Whether the machine seems to have a GPU; loads nothing. CUDA_VISIBLE_DEVICES hides GPUs, or says that there are some.
bool gpu_is_likely()
{
    const char *visible = std::getenv("CUDA_VISIBLE_DEVICES");
    if (visible != nullptr) {
        return *visible != '\0' && *visible != '-';
    }
    return access("/dev/nvidiactl", F_OK) == 0 || access("/dev/dxg", F_OK) == 0; // the second: Linux in Windows
}

// Returns the path of the plug-in, which is in the folder of libmoco.so, or of a program that has libmoco.a in it.
std::string plugin_path()
{
    Dl_info info{};
    std::filesystem::path path =
        dladdr(reinterpret_cast<const void *>(&moco_device_parse), &info) != 0 ? info.dli_fname : "";
    if (!path.has_parent_path()) { // a program that the shell found by PATH
        std::error_code none;
        path = std::filesystem::read_symlink("/proc/self/exe", none);
    }
    return path.replace_filename("libmoco_cuda.so").string();
}

std::atomic<bool> library_asked{ false };

Library load_library()
{
    library_asked.store(true);
    const std::string path = plugin_path();
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr && !gpu_is_likely()) {
        return { nullptr, no_gpu };
    }
    if (library == nullptr) {
        const char *reason = dlerror();
        const bool is_there = std::filesystem::exists(path);
        return { nullptr,
                 std::string("cannot load ") + reason +
                     (is_there
                          ? " (it needs libtorch with CUDA, in the version that it was built for)"
                          : " (build with CUDA headers, and install libtorch with CUDA: make deps build CUDA=1)") };
    }
    const auto entry = reinterpret_cast<moco::CudaPluginEntry *>(dlsym(library, "moco_cuda_plugin_of"));
    const moco::CudaPlugin *plugin = entry != nullptr ? entry(moco::cuda_plugin_version) : nullptr;
    return { plugin, plugin != nullptr
                         ? ""
                         : path + " is not the plug-in of libmoco " MOCO_VERSION_STRING "; install both together" };
}

const Library &library()
{
    static const Library loaded = load_library();
    return loaded;
}

Cuda find_gpus()
{
    const Library &from = library();
    if (from.plugin == nullptr) {
        return { 0, from.reason };
    }
    char reason[256] = "";
    const int count = from.plugin->device_count(reason, sizeof reason);
    if (count == 0 && !gpu_is_likely()) {
        return { 0, no_gpu };
    }
    // libtorch looks for its part for CUDA once, at its first convolution or gradient.
    if (count > 0 && !at::hasCUDA()) {
        return { 0, "the process computed on the CPU before it asked for a GPU, and then libtorch cannot start CUDA; "
                    "call moco_device_cuda_count() at its start" };
    }
    at::globalContext().setAllowTF32CuDNN(false); // float32 shall be float32
    return { count, reason };
}

const Cuda &cuda()
{
    static const Cuda found = find_gpus();
    return found;
}

std::string existing_gpus()
{
    const int count = cuda().count;
    return count == 1 ? "use cuda:0" : "use cuda:0 to cuda:" + std::to_string(count - 1);
}

moco_device parse_cuda(const std::string &text)
{
    int index = 0;
    if (text.size() > 4) {
        const char *first = text.data() + 5;
        const char *last = text.data() + text.size();
        const auto parsed = std::from_chars(first, last, index);
        if (text[4] != ':' || parsed.ec != std::errc() || parsed.ptr != last || index < 0) {
            throw moco::Error(MOCO_EINVALID, "device \"" + text + "\" is not known; use auto, cpu, cuda or cuda:N");
        }
    }
    if (cuda().count == 0) {
        throw moco::Error(MOCO_EUNAVAILABLE, "device \"" + text + "\" cannot be used: " + cuda().reason + "; use cpu");
    }
    if (index >= cuda().count) {
        throw moco::Error(MOCO_EUNAVAILABLE, "device \"" + text + "\" does not exist; " + existing_gpus());
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

void moco::check_device(moco_device device)
{
    if (device.type != MOCO_CPU && device.type != MOCO_CUDA) {
        throw Error(MOCO_EINVALID, "device: type " + std::to_string(static_cast<int>(device.type)) +
                                       " is not a moco_device_type; use MOCO_CPU or MOCO_CUDA");
    }
    if (device.type == MOCO_CUDA && (device.index < 0 || device.index >= cuda().count)) {
        throw Error(MOCO_EUNAVAILABLE, "device: cuda:" + std::to_string(device.index) +
                                           " cannot be used: " + (cuda().count == 0 ? cuda().reason : existing_gpus()));
    }
}

const moco::CudaPlugin &moco::cuda_plugin()
{
    if (library().plugin == nullptr) {
        throw Error(MOCO_EUNAVAILABLE, library().reason);
    }
    return *library().plugin;
}

void moco::load_cuda_early()
{
    if (gpu_is_likely()) {
        (void)library();
    }
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
    if (name == "cpu" || (name == "auto" && (!gpu_is_likely() || cuda().count == 0))) {
        *out = { MOCO_CPU, 0 };
    } else if (name == "auto") {
        *out = { MOCO_CUDA, 0 };
    } else if (name.rfind("cuda", 0) == 0) {
        *out = parse_cuda(name);
    } else {
        throw moco::Error(MOCO_EINVALID, "device \"" + name + "\" is not known; use auto, cpu, cuda or cuda:N");
    }
    MOCO_API_END
}

int32_t moco_device_cuda_count(const char **reason)
{
    const char *why = "memory is out";
    int32_t count = 0;
    try {
        count = cuda().count;
        why = count == 0 ? cuda().reason.c_str() : "";
    } catch (...) { // the reason stays
    }
    if (reason != nullptr) {
        *reason = why;
    }
    return count;
}

const char *moco__device_reason(void)
{
    const char *reason = no_gpu;
    if (library_asked.load() || gpu_is_likely()) {
        (void)moco_device_cuda_count(&reason);
    }
    return reason;
}

moco_status moco_device_describe(char *buffer, size_t size, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(buffer);
    moco::check_device(device);
    if (device.type == MOCO_CPU) {
        (void)std::snprintf(buffer, size, "CPU, %s", at::get_cpu_capability().c_str());
    } else {
        library().plugin->describe(device.index, buffer, size);
    }
    MOCO_API_END
}

moco_precision moco_precision_fastest(moco_device device)
{
    bool fast = false;
    if (device.type == MOCO_CUDA) {
        fast = device.index >= 0 && device.index < cuda().count && library().plugin->has_bf16(device.index);
    } else {
        fast = moco::cpu_has_avx512_bf16();
    }
    return fast ? MOCO_BF16 : MOCO_FP32;
}

moco_status moco_device_synchronize(moco_device device)
{
    MOCO_API_BEGIN
    moco::check_device(device);
    if (device.type == MOCO_CUDA) {
        const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        guard.synchronizeDevice(static_cast<c10::DeviceIndex>(device.index));
    }
    MOCO_API_END
}

moco_status moco_device_wait_uploads(moco_device device)
{
    MOCO_API_BEGIN
    moco::check_device(device);
    if (device.type == MOCO_CUDA && uploads.pending) {
        while (!uploads.last->query()) { // it has mostly ended long since; synchronize() would keep a core busy
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        uploads.pending = false;
    }
    MOCO_API_END
}

moco_status moco_device_peak_bytes(int64_t *out, moco_device device)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    moco::check_device(device);
    if (device.type == MOCO_CPU) {
        *out = 0;
    } else {
        const auto stats =
            c10::getDeviceAllocator(c10::DeviceType::CUDA)->getDeviceStats(static_cast<c10::DeviceIndex>(device.index));
        *out = stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
    }
    MOCO_API_END
}
