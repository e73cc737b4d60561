// Declares the connections between the ranks' GPUs.
#pragma once

#include "ranks/comm_handle.hpp"

#include <chrono>

namespace moco {

std::chrono::milliseconds timeout_of(const moco_comm_options &options);

// Makes NCCL without connecting it. The device becomes this thread's current one, so that no memory of another rank's
// GPU is taken.
void add_nccl(moco_comm &comm, const moco_comm_options &options);

// Throws MOCO_EPEER if the communicator was aborted, or libtorch's watchdog of NCCL has found an error.
void check_alive(const moco_comm &comm);

} // namespace moco
