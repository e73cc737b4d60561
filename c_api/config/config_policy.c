/* Makes the augmentation policies that a configuration describes. */
#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"

#include <string.h>

static void copy_normalisation(moco_augment_policy *out, const moco_augment_policy *from)
{
    memcpy(out->mean, from->mean, sizeof out->mean);
    memcpy(out->std, from->std, sizeof out->std);
}

/* Evaluations may take images of another size than the training. */
static int32_t size_of(const moco_config *config, moco_policy_use use)
{
    const bool other = use != MOCO_POLICY_TRAIN && config->knn_image_size > 0;
    return (int32_t)(other ? config->knn_image_size : config->image_size);
}

/* Takes a named policy. A preset that is itself for evaluation has no other one. */
static moco_status take_named(moco_augment_policy *out, const moco_config *config, moco_policy_use use, int32_t size)
{
    const char *eval = moco_augment_eval_preset(config->augment);
    moco_augment_policy test = MOCO_AUGMENT_POLICY_INIT;
    if (use == MOCO_POLICY_TRAIN) {
        return moco_augment_preset(out, config->augment, size);
    }
    MOCO_TRY(moco_augment_preset(&test, eval != NULL ? eval : config->augment, size));
    if (use == MOCO_POLICY_EVALUATE) {
        *out = test;
        return MOCO_OK;
    }
    MOCO_TRY(moco_augment_classifier(out, config->augment, size));
    copy_normalisation(out, &test); /* training and validation images must be scaled the same way */
    return MOCO_OK;
}

/* Keeps the crops of a policy, and adds a flip. */
static void keep_crops(moco_augment_policy *policy)
{
    static const moco_augment_op flip = { MOCO_RANDOM_HFLIP, 0.5, { 0 } };
    const size_t count = policy->count;
    policy->count = 0;
    for (size_t i = 0; i < count; ++i) {
        const moco_augment_op op = policy->ops[i];
        if (op.kind == MOCO_RANDOM_RESIZED_CROP || op.kind == MOCO_RESIZE || op.kind == MOCO_CENTER_CROP) {
            policy->ops[policy->count++] = op;
        }
    }
    if (policy->count < MOCO_AUGMENT_MAX_OPS) {
        policy->ops[policy->count++] = flip;
    }
}

static moco_status take_own(moco_augment_policy *out, const moco_config *config, moco_policy_use use, int32_t size)
{
    moco_augment_policy own = MOCO_AUGMENT_POLICY_INIT;
    MOCO_TRY(moco_augment_parse(&own, config->policy));
    own.size = size > 0 ? size : own.size;
    if (use == MOCO_POLICY_EVALUATE) {
        MOCO_TRY(take_named(out, config, use, own.size));
        copy_normalisation(out, &own);
        return MOCO_OK;
    }
    if (use == MOCO_POLICY_CLASSIFY) {
        keep_crops(&own);
    }
    *out = own;
    return MOCO_OK;
}

moco_status moco_config_policy(moco_augment_policy *out, const moco_config *config, moco_policy_use use)
{
    moco_augment_policy given;
    moco_augment_policy made = MOCO_AUGMENT_POLICY_INIT;
    moco_config c;
    MOCO_CHECK_ARG(out);
    MOCO_TRY(moco__config_read(&c, config));
    MOCO__READ_OPTIONS(&given, out, MOCO_AUGMENT_POLICY_INIT); /* for its struct_size and callback */
    if ((unsigned)use > MOCO_POLICY_CLASSIFY) {
        return moco_error_set(MOCO_EINVALID, "config: use %d is not a moco_policy_use", (int)use);
    }
    const int32_t size = size_of(&c, use);
    MOCO_TRY(c.policy[0] != '\0' ? take_own(&made, &c, use, size) : take_named(&made, &c, use, size));
    made.callback = given.callback;
    made.payload = given.payload;
    moco__options_write(out, &made, sizeof made);
    return MOCO_OK;
}
