// Compiles kernels for the current GPU by NVRTC, which libtorch brings along, and starts them. So the build needs no
// compiler for GPUs.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moco {

struct CudaHeader {
    const char *name; // as the source includes it
    const char *text;
};

struct CudaDevice {
    int capability; // 90 for compute capability 9.0
    int processors;
};

// The current device of this thread. Asks the driver for its properties once only, since launches need them.
const CudaDevice &current_cuda_device();

struct Grid {
    unsigned x, y, z; // blocks
};

// A source, compiled once for each kind of GPU. Functions throw c10::Error.
class CudaCode {
  public:
    CudaCode(std::string name, const char *source, std::vector<CudaHeader> headers, std::vector<std::string> options);

    // Starts a kernel with one argument on the current stream of the current device. The name must live on.
    void launch(const char *kernel, Grid grid, unsigned threads, const void *argument);

  private:
    using Library = std::unordered_map<std::string_view, const void *>; // kernels by their names
    const void *kernel_of(const char *name);
    [[nodiscard]] std::vector<char> compile(int capability) const;

    std::string name_;
    const char *source_;
    std::vector<CudaHeader> headers_;
    std::vector<std::string> options_;
    std::mutex mutex_;
    std::unordered_map<int, void *> libraries_; // by compute capability
    std::unordered_map<int, Library> kernels_;
};

} // namespace moco
