// Counts what a step asks of the device: launches, copies, waits, allocations, collectives.
#pragma once

#include "fake_gpu/fake_gpu.h"

#include <string>

namespace fake_gpu {

enum class Counter {
#define FAKE_GPU_NAME(name, what) name,
    FAKE_GPU_COUNTERS(FAKE_GPU_NAME)
#undef FAKE_GPU_NAME
        count
};

void count(Counter what);
// Counts a launch, by the operator's name with its overload: "aten::add.Tensor".
void count_launch(const std::string &name);
// Ends a step of the trace file, see README.md.
void trace_step();

} // namespace fake_gpu
