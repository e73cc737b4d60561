// Switches the settings that hold for the process.
#include "base/cpu_memory.hpp"
#include "base/guard.hpp"

#include "moco/device.h"

#include <ATen/Context.h>

#include <cstdlib>
#include <string>

namespace {

void set_tf32(bool on)
{
    at::globalContext().setAllowTF32CuDNN(on);
    at::globalContext().setAllowTF32CuBLAS(on);
}

void set_deterministic(bool on)
{
    static const char *const name = "CUBLAS_WORKSPACE_CONFIG";
    if (on) {
        setenv(name, ":4096:8", /*overwrite=*/0); // cuBLAS reads it when it starts
        const std::string value = std::getenv(name);
        if (value != ":4096:8" && value != ":16:8") {
            throw moco::Error(MOCO_EINVALID,
                              std::string(name) + " is \"" + value +
                                  "\", with which cuBLAS does not give the same bits each time; unset it, "
                                  "or set it to :4096:8 or :16:8");
        }
        at::globalContext().setBenchmarkCuDNN(false); // which may choose another algorithm in another run
    }
    at::globalContext().setDeterministicCuDNN(on);
    at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
}

} // namespace

moco_status moco_device_set(moco_device_setting setting, bool on)
{
    MOCO_API_BEGIN
    switch (setting) {
    case MOCO_SETTING_TF32:
        set_tf32(on);
        break;
    case MOCO_SETTING_DETERMINISTIC:
        set_deterministic(on);
        break;
    case MOCO_SETTING_MEMORY_REUSE:
        moco::reuse_cpu_memory(on);
        break;
    default:
        throw moco::Error(MOCO_EINVALID, "moco_device_set: " + std::to_string(static_cast<int>(setting)) +
                                             " is not a moco_device_setting");
    }
    MOCO_API_END
}
