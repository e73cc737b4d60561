/* Keeps the running means of loss and accuracy on the device, so that no step waits for them. */
#include "method/means_internal.h"

#include "base/tensor_internal.h"

#include "moco/ops.h"

#include <math.h>

enum { LOSS, ACC1, ACC5, SUMS };

moco_status moco__means_create(moco__means *means, moco_device device)
{
    const int64_t count = SUMS;
    return moco_tensor_zeros(&means->sums, NULL, MOCO_FLOAT32, device, &count, 1);
}

void moco__means_free(moco__means *means)
{
    moco_tensor_free(means->sums);
}

static moco_status add(moco__means *means, moco_scope *scope, int64_t which, const moco_tensor *value)
{
    moco_tensor *sum;
    MOCO_TRY(moco_tensor_narrow(&sum, scope, means->sums, 0, which, 1));
    return moco_tensor_accumulate(sum, value);
}

/* Adds the share of queries whose positive is among the first `top` ways. */
static moco_status add_accuracy(moco__means *means, moco_scope *scope, int64_t which, const moco_tensor *rank,
                                int64_t top, int64_t parts)
{
    moco_tensor *share;
    MOCO_TRY(moco_tensor_share_below(&share, scope, rank, top));
    if (parts > 1) {
        MOCO_TRY(moco_tensor_divide(&share, scope, share, (double)parts));
    }
    return add(means, scope, which, share);
}

moco_status moco__means_add(moco__means *means, moco_scope *scope, const moco_tensor *loss, const moco_tensor *logits,
                            const moco_tensor *labels, int64_t parts)
{
    moco_tensor *rank; /* how many ways come before the positive */
    MOCO_TRY(add(means, scope, LOSS, loss));
    MOCO_TRY(labels == NULL ? moco__tensor_row_rank(&rank, scope, logits, 0)
                            : moco_tensor_label_rank(&rank, scope, logits, labels));
    MOCO_TRY(add_accuracy(means, scope, ACC1, rank, 1, parts));
    return add_accuracy(means, scope, ACC5, rank, 5, parts);
}

moco_status moco__means_read(moco_model_means *out, moco__means *means, moco_comm *comm)
{
    float sums[SUMS];
    MOCO_TRY(moco_comm_all_reduce(comm, means->sums));
    MOCO_TRY(moco_tensor_to_host(sums, sizeof sums, means->sums));
    MOCO_TRY(moco_tensor_zero(means->sums));
    const int64_t steps = means->steps;
    means->steps = 0;
    if (!isfinite(sums[LOSS])) {
        return moco_error_set(
            MOCO_EDIVERGED,
            "model: the loss of the last %lld steps is not finite: the training diverged; start again "
            "from a checkpoint with a lower learning rate",
            (long long)steps);
    }
    const double count = steps > 0 ? (double)steps * (double)moco_comm_world(comm) : NAN;
    *out = (moco_model_means){ steps, (double)sums[LOSS] / count, 100 * (double)sums[ACC1] / count,
                               100 * (double)sums[ACC5] / count };
    return MOCO_OK;
}
