/* Makes the augmentation policies that a configuration describes. */
#include "config/config_policy_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_normalize_internal.h"
#include "config/config_read_internal.h"
#include "loader/augment_policy_internal.h"

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
    const char *eval = moco__augment_eval_preset(config->augment);
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

/* Returns whether a policy is what augment gives, written out. */
static bool is_named(const moco_augment_policy *own, const moco_config *config)
{
    char texts[2][MOCO_AUGMENT_TEXT_MAX];
    moco_augment_policy named = MOCO_AUGMENT_POLICY_INIT;
    return moco_augment_preset(&named, config->augment, own->size) == MOCO_OK &&
           moco_augment_format(texts[0], sizeof texts[0], &named) == MOCO_OK &&
           moco_augment_format(texts[1], sizeof texts[1], own) == MOCO_OK && strcmp(texts[0], texts[1]) == 0;
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
    if (use == MOCO_POLICY_CLASSIFY && is_named(&own, config)) {
        return take_named(out, config, use, own.size);
    }
    if (use == MOCO_POLICY_CLASSIFY) {
        keep_crops(&own);
    }
    *out = own;
    return MOCO_OK;
}

/* ---- Strengths ---- */

/* Changes an operation. Returns whether it is still there: without strength it is not. */
static bool change(moco_augment_op *op, const moco_config *config)
{
    switch (op->kind) {
    case MOCO_RANDOM_RESIZED_CROP:
        op->parameter[0] = config->crop_min > 0 ? config->crop_min : op->parameter[0];
        return true;
    case MOCO_COLOR_JITTER:
        for (size_t i = 0; i < 4; ++i) {
            op->parameter[i] *= config->jitter;
        }
        return config->jitter > 0;
    case MOCO_GAUSSIAN_BLUR:
        op->parameter[0] *= config->blur;
        op->parameter[1] *= config->blur;
        return config->blur > 0;
    default:
        return true;
    }
}

static void change_strengths(moco_augment_policy *policy, const moco_config *config)
{
    const size_t count = policy->count;
    policy->count = 0;
    for (size_t i = 0; i < count; ++i) {
        moco_augment_op op = policy->ops[i];
        if (change(&op, config)) {
            policy->ops[policy->count++] = op;
        }
    }
    memset(policy->ops + policy->count, 0, (count - policy->count) * sizeof policy->ops[0]);
}

moco_status moco__config_operations(moco_augment_policy *out, const moco_config *config, moco_policy_use use)
{
    moco_config c = *config;
    if (use == MOCO_POLICY_TRAIN_KEY && c.key_policy[0] != '\0') {
        memcpy(c.policy, c.key_policy, sizeof c.policy);
    }
    use = use == MOCO_POLICY_TRAIN_KEY ? MOCO_POLICY_TRAIN : use;
    const int32_t size = size_of(&c, use);
    MOCO_TRY(c.policy[0] != '\0' ? take_own(out, &c, use, size) : take_named(out, &c, use, size));
    if (use == MOCO_POLICY_TRAIN) {
        change_strengths(out, &c);
    }
    return MOCO_OK;
}

/* Sets the channels, and their normalisation unless it is the policy's own. */
static moco_status set_channels(moco_augment_policy *out, const moco_config *config)
{
    moco__normalize from;
    moco_statistics statistics;
    out->channels = (int32_t)config->channels;
    MOCO_TRY(moco__normalize_read(&from, &statistics, config));
    if (from == MOCO__NORMALIZE_MEASURED) {
        return moco_error_set(
            MOCO_EINVALID,
            "normalize: auto is measured when a run starts, and no run has started with these settings; give "
            "the numbers that moco_dataset_statistics() measures, or none");
    }
    if (from == MOCO__NORMALIZE_GIVEN) {
        out->statistics = statistics;
        memcpy(out->mean, statistics.mean, sizeof out->mean);
        memcpy(out->std, statistics.std, sizeof out->std);
    }
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
    if ((unsigned)use > MOCO_POLICY_TRAIN_KEY) {
        return moco_error_set(MOCO_EINVALID, "config: use %d is not a moco_policy_use", (int)use);
    }
    MOCO_TRY(moco__config_operations(&made, &c, use));
    MOCO_TRY(set_channels(&made, &c));
    made.callback = given.callback;
    made.payload = given.payload;
    moco__options_write(out, &made, sizeof made);
    return MOCO_OK;
}

moco_status moco_config_write_out_policy(moco_config *config)
{
    moco_augment_policy first = MOCO_AUGMENT_POLICY_INIT;
    moco_augment_policy second = MOCO_AUGMENT_POLICY_INIT;
    moco_config c;
    MOCO_TRY(moco__config_read(&c, config));
    MOCO_TRY(moco__config_operations(&first, &c, MOCO_POLICY_TRAIN));
    MOCO_TRY(moco__config_operations(&second, &c, MOCO_POLICY_TRAIN_KEY));
    MOCO_TRY(moco_augment_format(c.policy, sizeof c.policy, &first));
    MOCO_TRY(moco_augment_format(c.key_policy, sizeof c.key_policy, &second));
    if (strcmp(c.policy, c.key_policy) == 0) {
        c.key_policy[0] = '\0';
    }
    c.crop_min = 0;
    c.jitter = c.blur = 1;
    moco__config_write(config, &c);
    return MOCO_OK;
}
