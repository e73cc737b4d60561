/* Runs collectives on whole numbers in host memory. */
#include "ranks/comm_numbers_internal.h"

typedef moco_status (*operation)(moco_comm *comm, moco_tensor *tensor);

static moco_status from_first(moco_comm *comm, moco_tensor *tensor)
{
    return moco_comm_broadcast(comm, tensor, 0);
}

static moco_status apply(operation operate, moco_comm *comm, moco_device device, int64_t *numbers, size_t count)
{
    const int64_t size = (int64_t)count;
    moco_tensor *tensor;
    if (moco_comm_world(comm) == 1) {
        return MOCO_OK;
    }
    MOCO_TRY(moco_tensor_from_host(&tensor, NULL, MOCO_INT64, device, &size, 1, numbers));
    moco_status status = operate(comm, tensor);
    if (status == MOCO_OK) {
        status = moco_tensor_to_host(numbers, count * sizeof *numbers, tensor);
    }
    moco_tensor_free(tensor);
    return status;
}

moco_status moco__comm_broadcast_numbers(moco_comm *comm, moco_device device, int64_t *numbers, size_t count)
{
    return apply(from_first, comm, device, numbers, count);
}

moco_status moco__comm_sum_numbers(moco_comm *comm, moco_device device, int64_t *numbers, size_t count)
{
    return apply(moco_comm_all_reduce, comm, device, numbers, count);
}
