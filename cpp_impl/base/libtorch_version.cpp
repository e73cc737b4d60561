// Refuses to work with another libtorch than libmoco was built with: its classes have the same names, but may have
// another layout.
#include "base/guard.hpp"

#include "moco/version.h"

#include <caffe2/core/common.h>
#include <torch/headeronly/version.h>

#include <dlfcn.h>

// Weak, so that a libtorch that lacks it is refused, too, and does not end in an error about a symbol.
namespace caffe2 {
__attribute__((weak)) const std::map<string, string> &GetBuildOptions(); // NOLINT(readability-redundant-declaration)
} // namespace caffe2

namespace {

const char *loaded_version()
{
    if (&caffe2::GetBuildOptions == nullptr) {
        return "of another version";
    }
    const auto &options = caffe2::GetBuildOptions();
    const auto version = options.find("TORCH_VERSION");
    return version == options.end() ? "of another version" : version->second.c_str();
}

const char *loaded_path()
{
    Dl_info info{};
    const auto *inside = reinterpret_cast<const void *>(&caffe2::GetBuildOptions);
    return inside != nullptr && dladdr(inside, &info) != 0 ? info.dli_fname : "libtorch_cpu.so";
}

// Returns what is wrong, or "". Releases that differ in the third number fit each other.
std::string find_problem()
{
    const std::string fitting = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + ".";
    const std::string loaded = loaded_version();
    if (loaded.rfind(fitting, 0) == 0) {
        return "";
    }
    return "libmoco was built with libtorch " TORCH_VERSION ", but " + std::string(loaded_path()) + " is " + loaded +
           "; take its folder out of LD_LIBRARY_PATH, or build libmoco with it (MOCO_LIBTORCH=FOLDER)";
}

} // namespace

void moco::check_libtorch()
{
    static const std::string problem = find_problem();
    if (!problem.empty()) {
        throw Error(MOCO_EUNAVAILABLE, problem);
    }
}

const char *moco_libtorch_version(void)
{
    return loaded_version();
}
