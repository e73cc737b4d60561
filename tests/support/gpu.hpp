// Tests of what happens on a GPU, or between it and the CPU. They run wherever one is found, real or pretended.
#pragma once

#include "support/device.hpp"

#include <moco.h>

#include <gtest/gtest.h>

namespace moco_test {

constexpr moco_device gpu = { MOCO_CUDA, 0 };

// Skips a test that needs this many GPUs. A macro, since only the test itself can be skipped.
#define SKIP_WITHOUT_GPUS(count)                                                                                       \
    if (moco_device_cuda_count(nullptr) < (count)) {                                                                   \
        GTEST_SKIP() << "needs " << (count) << " GPU(s), real or pretended";                                           \
    }

} // namespace moco_test
