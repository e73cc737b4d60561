/* Checks the augmentation that a configuration describes. */
#include "config/config_check_policy_internal.h"

#include "base/handle_internal.h"
#include "config/config_policy_internal.h"

#include <stdlib.h>

static bool has(const moco_augment_policy *policy, moco_augment_kind kind)
{
    for (size_t i = 0; i < policy->count; ++i) {
        if (policy->ops[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static moco_status read_one(moco_augment_policy *out, const char *option, const char *text)
{
    if (text[0] != '\0' && moco_augment_parse(out, text) != MOCO_OK) {
        return moco_error_set(MOCO_EINVALID, "%s: %s", option, moco_error_message());
    }
    return MOCO_OK;
}

/* A strength without an operation would change nothing, so it is a mistake. */
static moco_status check_strength(const moco_augment_policy *first, const moco_augment_policy *second, bool is_given,
                                  const char *option, moco_augment_kind kind, const char *operation)
{
    if (!is_given || has(first, kind) || has(second, kind)) {
        return MOCO_OK;
    }
    return moco_error_set(
        MOCO_EINVALID,
        "%s: the augmentation has no %s that it could change; leave it out, or add the operation to a "
        "policy (moco train --print-config writes the present one)",
        option, operation);
}

/* Makes a view's policy, and checks what strengths have made of it. */
static moco_status make(moco_augment_policy *out, const moco_config *config, moco_policy_use use)
{
    char *text = moco__calloc(1, MOCO_AUGMENT_TEXT_MAX);
    moco_status status = text != NULL ? moco__config_operations(out, config, use) : MOCO_ENOMEM;
    if (status == MOCO_OK) {
        status = moco_augment_format(text, MOCO_AUGMENT_TEXT_MAX, out); /* checks all but callbacks */
    }
    free(text);
    return status;
}

static bool normalises_alike(const moco_augment_policy *first, const moco_augment_policy *second)
{
    bool alike = true;
    for (size_t c = 0; c < sizeof first->mean / sizeof first->mean[0]; ++c) {
        alike = alike && first->mean[c] == second->mean[c] && first->std[c] == second->std[c];
    }
    return alike;
}

static moco_status check_second(const moco_augment_policy *first, const moco_augment_policy *second)
{
    if (has(second, MOCO_AUGMENT_CALLBACK)) {
        return moco_error_set(MOCO_EINVALID, "key-policy: only policy can have a callback; leave it out here");
    }
    if (first->size != second->size) {
        return moco_error_set(MOCO_EINVALID,
                              "key-policy: its views have %d pixels, and those of the first view %d; give both the "
                              "same Size, or image-size",
                              second->size, first->size);
    }
    if (!normalises_alike(first, second)) {
        return moco_error_set(MOCO_EINVALID,
                              "key-policy: its Normalize differs from that of the first view; both must be the same");
    }
    return MOCO_OK;
}

moco_status moco__config_check_policy(const moco_config *config)
{
    moco_augment_policy first = MOCO_AUGMENT_POLICY_INIT;
    moco_augment_policy second = MOCO_AUGMENT_POLICY_INIT;
    moco_config neutral = *config;
    neutral.crop_min = 0;
    neutral.jitter = neutral.blur = 1;
    MOCO_TRY(read_one(&first, "policy", config->policy));
    MOCO_TRY(read_one(&second, "key-policy", config->key_policy));
    MOCO_TRY(moco__config_operations(&first, &neutral, MOCO_POLICY_TRAIN));
    MOCO_TRY(moco__config_operations(&second, &neutral, MOCO_POLICY_TRAIN_KEY));
    MOCO_TRY(check_strength(&first, &second, config->crop_min > 0, "crop-min", MOCO_RANDOM_RESIZED_CROP,
                            "RandomResizedCrop"));
    MOCO_TRY(check_strength(&first, &second, config->jitter != 1, "jitter", MOCO_COLOR_JITTER, "ColorJitter"));
    MOCO_TRY(check_strength(&first, &second, config->blur != 1, "blur", MOCO_GAUSSIAN_BLUR, "GaussianBlur"));
    MOCO_TRY(make(&first, config, MOCO_POLICY_TRAIN));
    MOCO_TRY(make(&second, config, MOCO_POLICY_TRAIN_KEY));
    return config->key_policy[0] != '\0' ? check_second(&first, &second) : MOCO_OK;
}
