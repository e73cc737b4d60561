/* Refuses numbers that are NaN or infinite: weights of files, and features. */
#include "weights/finite_internal.h"

#include "base/handle_internal.h"

#include "moco/ops.h"

#include <math.h>

moco_status moco__tensor_is_finite(bool *out, const moco_tensor *tensor)
{
    moco_scope *scope = NULL;
    moco_tensor *plain, *zeros, *sum;
    double value = 0;
    MOCO_TRY(moco_scope_create(&scope));
    moco_status status;
    MOCO_TRY_GOTO(moco_tensor_detach(&plain, scope, tensor));
    MOCO_TRY_GOTO(moco_tensor_scale(&zeros, scope, plain, 0)); /* 0 where finite, else NaN */
    MOCO_TRY_GOTO(moco_tensor_sum(&sum, scope, zeros));
    MOCO_TRY_GOTO(moco_tensor_item(&value, sum));
    *out = isfinite(value);
done:
    moco_scope_free(scope);
    return status;
}

moco_status moco__weights_check_finite(const moco_tensor *tensor, const char *path, const char *name)
{
    bool finite = true;
    MOCO_TRY(moco__tensor_is_finite(&finite, tensor));
    return finite ? MOCO_OK
                  : moco_error_set(MOCO_EFORMAT,
                                   "%s: tensor \"%s\" holds NaN or infinite values: the training that wrote it "
                                   "diverged, or the file is damaged; take an earlier checkpoint",
                                   path, name);
}
