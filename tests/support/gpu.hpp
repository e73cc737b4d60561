// Tests of what happens on a GPU, or between it and the CPU. They run wherever one is found, real or pretended.
#pragma once

#include "support/device.hpp"

#include <moco.h>

#include <gtest/gtest.h>

#include <string>

namespace moco_test {

constexpr moco_device gpu = { MOCO_CUDA, 0 };

// Skips a test that needs this many GPUs. A macro, since only the test itself can be skipped.
#define SKIP_WITHOUT_GPUS(count)                                                                                       \
    if (moco_device_cuda_count(nullptr) < (count)) {                                                                   \
        GTEST_SKIP() << "needs " << (count) << " GPU(s), real or pretended";                                           \
    }

// Skips a test with this many processes where tests compute on fewer GPUs.
#define SKIP_ON_FEWER_GPUS(count)                                                                                      \
    if (moco_test::device_name() != "cpu") {                                                                           \
        SKIP_WITHOUT_GPUS(count);                                                                                      \
    }

// Whether the GPU of tests/fake_gpu stands in for a real one. Needs a GPU.
inline bool gpu_is_pretended()
{
    char name[64] = "";
    EXPECT_EQ(moco_device_describe(name, sizeof name, gpu), MOCO_OK) << moco_error_message();
    return std::string(name).find("pretended") != std::string::npos;
}

} // namespace moco_test
