/* The encoding of queries and keys. */
#ifndef MOCO_METHOD_ENCODE_INTERNAL_H
#define MOCO_METHOD_ENCODE_INTERNAL_H

#include "method/model_internal.h"

/* Gives the normalised queries of a part of this rank's N images, which a predictor has changed if there is one:
 * N / accumulate x dim, in the scope of the part. */
moco_status moco__encode_queries(moco_tensor **out, moco_model *model, const moco_tensor *images, int64_t part);

/* Gives the normalised keys of the images of all ranks in the order of their queries: world N x dim, in the scope of
 * the step. Clears the scope of the part. */
moco_status moco__encode_keys(moco_tensor **out, moco_model *model, const moco_tensor *images);

/* Does the same in one part, with an encoder that learns, and is differentiable over the ranks. Clears nothing. */
moco_status moco__encode_keys_grad(moco_tensor **out, moco_model *model, moco_encoder *encoder,
                                   const moco_tensor *images);

#endif
