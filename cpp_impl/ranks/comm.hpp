// Declares what other files do with a communicator.
#pragma once

#include "ranks/comm_handle.hpp"

#include <exception>

namespace moco {

// Marks that a rank is inside a collective, for moco__comm_where().
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

// Rethrows the current exception: as MOCO_EPEER if its text is about the network or another process, else unchanged.
[[noreturn]] void rethrow_as_peer(const moco_comm &comm, const char *what);

// Sums a tensor over the ranks, in place.
void all_reduce(moco_comm &comm, at::Tensor &tensor);

// Concatenates the ranks' tensors. Not differentiable.
at::Tensor all_gather(moco_comm &comm, const at::Tensor &tensor);

} // namespace moco
