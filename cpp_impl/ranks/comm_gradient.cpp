// Gathers rows of all ranks with gradients.
#include "base/handle.hpp"
#include "ranks/comm.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Every rank's loss depends on the rows of all ranks, so the gradients of a row are summed over the ranks.
class GatherFromRanks : public torch::autograd::Function<GatherFromRanks> {
  public:
    static at::Tensor forward(AutogradContext *context, const at::Tensor &rows, moco_comm *comm)
    {
        context->saved_data["comm"] = reinterpret_cast<int64_t>(comm);
        return moco::all_gather(*comm, rows);
    }

    static variable_list backward(AutogradContext *context, const variable_list &gradients)
    {
        auto *comm = reinterpret_cast<moco_comm *>(context->saved_data["comm"].toInt());
        auto sum = gradients[0].contiguous().clone();
        moco::all_reduce(*comm, sum);
        const int64_t own = sum.size(0) / comm->world;
        return { sum.narrow(0, comm->rank * own, own), at::Tensor() };
    }
};

} // namespace

moco_status moco__comm_all_gather_grad(moco_tensor **out, moco_scope *scope, moco_comm *comm, const moco_tensor *tensor)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(tensor);
    moco::give(out, scope, moco_comm_world(comm) == 1 ? tensor->value : GatherFromRanks::apply(tensor->value, comm));
    MOCO_API_END
}
