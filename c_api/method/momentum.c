/* Updates the key encoder by momentum (paper, equation 2). */
#include "moco/momentum.h"

#include "base/handle_internal.h"
#include "base/tensor_internal.h"

#include <math.h>

moco_status moco_momentum_update(moco_encoder *key, const moco_encoder *query, double m)
{
    MOCO_CHECK_ARG(key);
    MOCO_CHECK_ARG(query);
    if (!(m >= 0 && m <= 1)) {
        return moco_error_set(MOCO_EINVALID, "momentum: %g must be in 0..1", m);
    }
    return moco__tensor_list_average(moco_encoder_parameters(key), moco_encoder_parameters(query), m);
}
