// Declares the communicator handle.
#pragma once

#include "base/comm_internal.h"
#include "base/live.hpp"

#include <ATen/core/Tensor.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <atomic>
#include <optional>

struct moco_comm : moco::Counted {
    int rank = 0;
    int world = 1;
    double timeout_s = 0;
    c10::intrusive_ptr<c10d::ProcessGroup> group;     // null: one process
    c10::intrusive_ptr<c10d::Backend> device_backend; // NCCL; null: the ranks have no GPUs
    std::optional<at::Device> device;                 // of the backend
    std::atomic<bool> aborted{ false };
    mutable std::atomic<bool> silent{ false }; // the backend does not report errors
    mutable std::atomic<bool> broken{ false }; // a collective has failed
    c10::intrusive_ptr<c10d::Work> question;   // null: all are answered; see moco__comm_largest_start()
    at::Tensor answer;
    std::atomic<uint64_t> entered{ 0 };
    std::atomic<bool> inside{ false };
};
