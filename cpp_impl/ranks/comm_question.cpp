// Compares numbers of the ranks while they compute.
#include "base/guard.hpp"
#include "ranks/comm.hpp"

#include <ATen/ops/empty.h>

moco_status moco__comm_largest_start(moco_comm *comm, int64_t value)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(comm);
    if (comm->answer.defined()) {
        throw moco::Error(MOCO_EINVALID, "comm: the last question is open; call moco__comm_largest_wait() first");
    }
    auto answer = at::empty({ 1 }, at::kLong);
    *answer.mutable_data_ptr<int64_t>() = value;
    if (comm->world > 1) {
        const moco::Collective mark(*comm);
        try {
            c10d::AllreduceOptions options;
            options.reduceOp = c10d::ReduceOp::MAX;
            std::vector<at::Tensor> tensors{ answer };
            comm->question = comm->group->allreduce(tensors, options);
        } catch (...) {
            moco::rethrow_as_peer(*comm, "largest");
        }
    }
    comm->answer = answer;
    MOCO_API_END
}

moco_status moco__comm_largest_wait(int64_t *out, moco_comm *comm)
{
    MOCO_API_BEGIN
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(comm);
    *out = 0;
    if (!comm->answer.defined()) {
        return MOCO_OK;
    }
    if (comm->question != nullptr) {
        const moco::Collective mark(*comm);
        try {
            std::exchange(comm->question, nullptr)->wait();
        } catch (...) {
            moco::rethrow_as_peer(*comm, "largest");
        }
    }
    *out = *std::exchange(comm->answer, at::Tensor()).const_data_ptr<int64_t>();
    MOCO_API_END
}
