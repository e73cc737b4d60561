#include "base/cuda_code.hpp"

#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <filesystem>

namespace moco {

namespace {

// NVRTC's functions, of which libtorch installs the library without the header.
struct Nvrtc {
    using Program = void *;
    int (*create)(Program *, const char *source, const char *name, int headers, const char *const *texts,
                  const char *const *names) = nullptr;
    int (*destroy)(Program *) = nullptr;
    int (*compile)(Program, int count, const char *const *options) = nullptr;
    int (*log_size)(Program, size_t *) = nullptr;
    int (*log)(Program, char *) = nullptr;
    int (*code_size)(Program, size_t *) = nullptr;
    int (*code)(Program, char *) = nullptr;
};

template <typename Function> void find(Function &function, void *library, const char *name)
{
    function = reinterpret_cast<Function>(dlsym(library, name));
    TORCH_CHECK(function != nullptr, "NVRTC has no ", name, ": ", dlerror());
}

// Opens NVRTC, which NVIDIA's packages put beside CUDA's runtime.
void *open_nvrtc()
{
    const std::string file = "libnvrtc.so." + std::to_string(CUDART_VERSION / 1000);
    Dl_info info{};
    void *library = nullptr;
    if (dladdr(reinterpret_cast<const void *>(&cudaGetDevice), &info) != 0) {
        library = dlopen(std::filesystem::path(info.dli_fname).replace_filename(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    return library != nullptr ? library : dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
}

Nvrtc load_nvrtc()
{
    void *library = open_nvrtc();
    TORCH_CHECK(library != nullptr, "cannot load NVRTC, which compiles kernels: ", dlerror(),
                "; it is installed with libtorch for CUDA");
    Nvrtc n;
    find(n.create, library, "nvrtcCreateProgram");
    find(n.destroy, library, "nvrtcDestroyProgram");
    find(n.compile, library, "nvrtcCompileProgram");
    find(n.log_size, library, "nvrtcGetProgramLogSize");
    find(n.log, library, "nvrtcGetProgramLog");
    find(n.code_size, library, "nvrtcGetCUBINSize");
    find(n.code, library, "nvrtcGetCUBIN");
    return n;
}

const Nvrtc &nvrtc()
{
    static const Nvrtc loaded = load_nvrtc();
    return loaded;
}

void check(cudaError_t error, const char *what, const std::string &name)
{
    TORCH_CHECK(error == cudaSuccess, "CUDA error: ", cudaGetErrorString(error), " (", what, " ", name, ")");
}

int attribute(cudaDeviceAttr which, int device)
{
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, device), "attributes of", "device");
    return value;
}

std::vector<CudaDevice> all_devices()
{
    int count = 0;
    check(cudaGetDeviceCount(&count), "number of", "devices");
    std::vector<CudaDevice> devices;
    for (int i = 0; i < count; ++i) {
        const int major = attribute(cudaDevAttrComputeCapabilityMajor, i);
        devices.push_back({ 10 * major + attribute(cudaDevAttrComputeCapabilityMinor, i),
                            attribute(cudaDevAttrMultiProcessorCount, i) });
    }
    return devices;
}

} // namespace

const CudaDevice &current_cuda_device()
{
    static const std::vector<CudaDevice> devices = all_devices();
    int index = 0;
    check(cudaGetDevice(&index), "current", "device");
    return devices.at(static_cast<size_t>(index));
}

CudaCode::CudaCode(std::string name, const char *source, std::vector<CudaHeader> headers,
                   std::vector<std::string> options)
    : name_(std::move(name)), source_(source), headers_(std::move(headers)), options_(std::move(options))
{}

std::vector<char> CudaCode::compile(int capability) const
{
    const Nvrtc &n = nvrtc();
    std::vector<const char *> texts;
    std::vector<const char *> names;
    for (const auto &header : headers_) {
        texts.push_back(header.text);
        names.push_back(header.name);
    }
    const std::string architecture = "--gpu-architecture=sm_" + std::to_string(capability);
    std::vector<const char *> options{ architecture.c_str(), "-std=c++17" };
    for (const auto &option : options_) {
        options.push_back(option.c_str());
    }
    Nvrtc::Program program = nullptr;
    TORCH_CHECK(
        n.create(&program, source_, name_.c_str(), static_cast<int>(texts.size()), texts.data(), names.data()) == 0,
        "NVRTC cannot make a program of ", name_);
    const bool compiled = n.compile(program, static_cast<int>(options.size()), options.data()) == 0;
    size_t size = 0;
    (void)(compiled ? n.code_size(program, &size) : n.log_size(program, &size));
    std::vector<char> out(size + 1);
    (void)(compiled ? n.code(program, out.data()) : n.log(program, out.data()));
    (void)n.destroy(&program);
    TORCH_CHECK(compiled, "NVRTC cannot compile ", name_, " for compute capability ", capability / 10, ".",
                capability % 10, ": ", out.data());
    return out;
}

const void *CudaCode::kernel_of(const char *name)
{
    const int capability = current_cuda_device().capability;
    const std::lock_guard<std::mutex> lock(mutex_);
    auto &kernels = kernels_[capability];
    const auto found = kernels.find(name);
    if (found != kernels.end()) {
        return found->second;
    }
    auto &library = libraries_[capability];
    if (library == nullptr) {
        const auto code = compile(capability);
        cudaLibrary_t loaded = nullptr;
        check(cudaLibraryLoadData(&loaded, code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0), "loading", name_);
        library = loaded;
    }
    cudaKernel_t kernel = nullptr;
    check(cudaLibraryGetKernel(&kernel, static_cast<cudaLibrary_t>(library), name), "kernel", name);
    return kernels.emplace(name, kernel).first->second;
}

void CudaCode::launch(const char *kernel, Grid grid, unsigned threads, const void *argument)
{
    void *arguments[] = { const_cast<void *>(argument) };
    check(cudaLaunchKernel(kernel_of(kernel), dim3(grid.x, grid.y, grid.z), dim3(threads), arguments, 0,
                           c10::cuda::getCurrentCUDAStream().stream()),
          "starting", kernel);
}

} // namespace moco
