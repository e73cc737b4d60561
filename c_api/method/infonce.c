/* Computes InfoNCE over the positive and the queue (paper, equation 1). */
#include "base/handle_internal.h"

#include "base/tensor_internal.h"
#include "method/infonce_internal.h"
#include "moco/loss.h"
#include "moco/ops.h"

#include <math.h>

/* Gives the result to the caller's scope, and all intermediates to `temporaries`. */
static moco_status logits_of(moco_tensor **out, moco_scope *scope, moco_scope *temporaries, const moco_tensor *q,
                             const moco_tensor *k, const moco_tensor *negatives, double temperature)
{
    moco_tensor *l_pos, *l_neg, *transposed, *logits;
    MOCO_TRY(moco__tensor_row_dot(&l_pos, temporaries, q, k));            /* N x 1 */
    MOCO_TRY(moco_tensor_transpose(&transposed, temporaries, negatives)); /* dim x K */
    MOCO_TRY(moco_tensor_matmul(&l_neg, temporaries, q, transposed));     /* N x K */
    const moco_tensor *const ways[] = { l_pos, l_neg };
    MOCO_TRY(moco_tensor_cat(&logits, temporaries, ways, 2, 1)); /* N x (1 + K) */
    return moco_tensor_divide(out, scope, logits, temperature);
}

moco_status moco_infonce_logits(moco_tensor **out, moco_scope *scope, const moco_tensor *q, const moco_tensor *k,
                                const moco_tensor *negatives, double temperature)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(q);
    MOCO_CHECK_ARG(k);
    MOCO_CHECK_ARG(negatives);
    if (!(temperature > 0)) {
        return moco_error_set(MOCO_EINVALID, "infonce: temperature %g must be above 0", temperature);
    }
    moco_scope *temporaries;
    MOCO_TRY(moco_scope_create(&temporaries));
    const moco_status status = logits_of(out, scope, temporaries, q, k, negatives, temperature);
    moco_scope_free(temporaries);
    return status;
}

moco_status moco_infonce_loss(moco_tensor **out, moco_scope *scope, const moco_tensor *logits)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(logits);
    const int64_t n = moco_tensor_size(logits, 0);
    moco_tensor *labels; /* the positive is way 0 */
    MOCO_TRY(moco_tensor_zeros(&labels, NULL, MOCO_INT64, moco_tensor_device(logits), &n, 1));
    const moco_status status = moco__tensor_cross_entropy(out, scope, logits, labels);
    moco_tensor_free(labels);
    return status;
}

double moco__infonce_floor(int64_t queue_size, int64_t dim, double temperature)
{
    const double exponent = 1 / (2 * (double)dim * temperature * temperature) - 1 / temperature;
    return log1p((double)queue_size * exp(exponent));
}

double moco__infonce_chance(int64_t queue_size)
{
    return log((double)queue_size + 1);
}
