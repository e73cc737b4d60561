/* Proof that an encoder was left alone: a hash of each of its tensors. */
#include "base/handle_internal.h"

#include "moco/linear.h"

#include <stdlib.h>

struct moco_frozen {
    uint64_t *hashes; /* one a tensor of the state */
    size_t count;
};

/* FNV-1a over 64 bits. */
static uint64_t hash_bytes(const unsigned char *bytes, size_t count)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < count; ++i) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    return hash;
}

static moco_status hash_tensor(uint64_t *out, const moco_tensor *tensor)
{
    const size_t size = (size_t)moco_tensor_numel(tensor) * moco_dtype_size(moco_tensor_dtype(tensor));
    unsigned char *bytes = moco__calloc(size > 0 ? size : 1, 1);
    if (bytes == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = moco_tensor_to_host(bytes, size, tensor);
    if (status == MOCO_OK) {
        *out = hash_bytes(bytes, size);
    }
    free(bytes);
    return status;
}

static moco_status fill(moco_frozen *frozen, const moco_tensor_list *state)
{
    frozen->hashes = moco__calloc(moco_tensor_list_count(state), sizeof *frozen->hashes);
    if (frozen->hashes == NULL) {
        return MOCO_ENOMEM;
    }
    frozen->count = moco_tensor_list_count(state);
    for (size_t i = 0; i < frozen->count; ++i) {
        MOCO_TRY(hash_tensor(&frozen->hashes[i], moco_tensor_list_get(state, i)));
    }
    return MOCO_OK;
}

moco_status moco_frozen_remember(moco_frozen **out, const moco_encoder *encoder)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(encoder);
    moco_frozen *frozen = moco__handle_alloc(sizeof *frozen);
    if (frozen == NULL) {
        return MOCO_ENOMEM;
    }
    const moco_status status = fill(frozen, moco_encoder_state(encoder));
    if (status != MOCO_OK) {
        moco_frozen_free(frozen);
        return status;
    }
    *out = frozen;
    return MOCO_OK;
}

moco_status moco_frozen_check(const moco_frozen *frozen, const moco_encoder *encoder)
{
    MOCO_CHECK_ARG(frozen);
    MOCO_CHECK_ARG(encoder);
    const moco_tensor_list *state = moco_encoder_state(encoder);
    if (moco_tensor_list_count(state) != frozen->count) {
        return moco_error_set(MOCO_EINVALID, "frozen: the encoder is another one, of %zu tensors instead of %zu",
                              moco_tensor_list_count(state), frozen->count);
    }
    for (size_t i = 0; i < frozen->count; ++i) {
        uint64_t hash = 0;
        MOCO_TRY(hash_tensor(&hash, moco_tensor_list_get(state, i)));
        if (hash != frozen->hashes[i]) {
            return moco_error_set(MOCO_EINTERNAL, "the encoder was to stay as it was, and %s has changed",
                                  moco_encoder_state_name(encoder, i));
        }
    }
    return MOCO_OK;
}

void moco_frozen_free(moco_frozen *frozen)
{
    if (frozen != NULL) {
        free(frozen->hashes);
        moco__handle_free(frozen);
    }
}
