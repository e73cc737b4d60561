/* Makes the network that is fine-tuned: a pretrained encoder with a new head. */
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "evaluate/classifier_internal.h"
#include "weights/encoder_state_internal.h"

#include "moco/finetune.h"
#include "moco/ops.h"

static moco_status new_head(moco_encoder *encoder, moco_scope *scope, uint64_t seed)
{
    moco_tensor *weight = moco__encoder_find(encoder, "fc.weight");
    moco_tensor *bias = moco__encoder_find(encoder, "fc.bias");
    if (weight == NULL || bias == NULL) {
        return moco_error_set(MOCO_EINVALID, "finetune: the options ask for an MLP head; set mlp to false");
    }
    const int64_t sizes[2] = { moco_tensor_size(weight, 0), moco_tensor_size(weight, 1) };
    moco_tensor *first;
    MOCO_TRY(moco__first_weight(&first, scope, sizes, moco_tensor_device(weight), seed));
    MOCO_TRY(moco_tensor_copy(weight, first));
    return moco_tensor_zero(bias);
}

static moco_status copy_body(moco_encoder *encoder, const moco_encoder *pretrained)
{
    const char *name = NULL;
    for (size_t i = 0; (name = moco_encoder_state_name(encoder, i)) != NULL; ++i) {
        if (moco__is_head(name)) {
            continue;
        }
        const moco_tensor *source = moco__encoder_find(pretrained, name);
        if (source == NULL) {
            return moco_error_set(
                MOCO_EINVALID, "finetune: the pretrained encoder has no %s; give options with its arch and stem", name);
        }
        const moco_status status = moco_tensor_copy(moco_tensor_list_get(moco_encoder_state(encoder), i), source);
        if (status == MOCO_EINVALID) {
            return moco_error_set(
                status,
                "finetune: %s has another shape in the pretrained encoder; give options with its arch "
                "and stem",
                name);
        }
        MOCO_TRY(status);
    }
    return MOCO_OK;
}

moco_status moco_finetune_encoder(moco_encoder **out, const moco_encoder *pretrained,
                                  const moco_encoder_options *options)
{
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(pretrained);
    MOCO_CHECK_ARG(options);
    moco_encoder_options o;
    MOCO__READ_OPTIONS(&o, options, MOCO_ENCODER_OPTIONS_INIT);
    moco_encoder *encoder = NULL;
    moco_scope *scope = NULL;
    moco_status status;
    MOCO_TRY_GOTO(moco_scope_create(&scope));
    MOCO_TRY_GOTO(moco_encoder_create(&encoder, &o));
    MOCO_TRY_GOTO(copy_body(encoder, pretrained));
    MOCO_TRY_GOTO(new_head(encoder, scope, o.seed));
    *out = encoder;
    encoder = NULL;
done:
    moco_encoder_free(encoder);
    moco_scope_free(scope);
    return status;
}
