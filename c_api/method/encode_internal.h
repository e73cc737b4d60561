/* The encoding of queries and keys. */
#ifndef MOCO_METHOD_ENCODE_INTERNAL_H
#define MOCO_METHOD_ENCODE_INTERNAL_H

#include "method/model_internal.h"

/* Gives each pair the normalised queries of a part of this rank's N images, which a predictor has changed if there is
 * one: N / accumulate x dim, in the scope of the part. */
moco_status moco__encode_queries(moco__step *step, moco_model *model, int64_t part);

/* Gives each pair the normalised keys of the images of all ranks in the order of their queries: world N x dim, in the
 * scope of the step. Clears the scope of the part. */
moco_status moco__encode_keys(moco__step *step, moco_model *model);

/* Does the same in one part, with an encoder that learns, and is differentiable over the ranks. Clears nothing. */
moco_status moco__encode_keys_grad(moco__step *step, moco_model *model, moco_encoder *encoder);

#endif
