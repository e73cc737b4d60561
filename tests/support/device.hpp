// The device that tests compute on.
#pragma once

#include <moco.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace moco_test {

constexpr moco_device cpu = { MOCO_CPU, 0 };

// MOCO_TEST_DEVICE, as "cuda"; "cpu" without it.
inline std::string device_name()
{
    const char *name = std::getenv("MOCO_TEST_DEVICE");
    return name != nullptr ? name : "cpu";
}

// Ask for it before the first work on the CPU, see include/moco/device.h.
inline moco_device device()
{
    static const moco_device parsed = [] {
        moco_device out;
        if (moco_device_parse(&out, device_name().c_str()) != MOCO_OK) {
            throw std::runtime_error(std::string("MOCO_TEST_DEVICE: ") + moco_error_message());
        }
        return out;
    }();
    return parsed;
}

} // namespace moco_test
