// Declares the communicator handle.
#pragma once

#include "base/live.hpp"

#include "moco/comm.h"

#include <ATen/core/Tensor.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <string>

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
    c10::intrusive_ptr<c10d::Work> question;   // null: all are answered; see moco_comm_largest_start()
    at::Tensor answer;
    std::atomic<uint64_t> entered{ 0 };
    std::atomic<bool> inside{ false };
};

namespace moco {

// Marks that a rank is inside a collective, for moco_comm_where().
class Collective {
  public:
    explicit Collective(moco_comm &comm) : comm_(comm)
    {
        comm_.entered.fetch_add(1);
        comm_.inside.store(true);
    }
    Collective(const Collective &) = delete;
    Collective &operator=(const Collective &) = delete;
    // After a failure the rank still counts as inside: the other ranks did not come.
    ~Collective() { comm_.inside.store(std::uncaught_exceptions() > 0); }

  private:
    moco_comm &comm_;
};

std::chrono::milliseconds timeout_of(const moco_comm_options &options);

// Makes NCCL without connecting it. The device becomes this thread's current one, so that no memory of another rank's
// GPU is taken.
void add_nccl(moco_comm &comm, const moco_comm_options &options);

// Throws MOCO_EPEER if the communicator was aborted, or libtorch's watchdog of NCCL has found an error.
void check_alive(const moco_comm &comm);

// Rethrows the current exception: as MOCO_EPEER if its text is about the network or another process, else unchanged.
[[noreturn]] void rethrow_as_peer(const moco_comm &comm, const char *what);

// Sums a tensor over the ranks, in place.
void all_reduce(moco_comm &comm, at::Tensor &tensor);

} // namespace moco
