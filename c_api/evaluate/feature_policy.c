/* Reads the options of features, and decides how images are prepared. */
#include "evaluate/feature_policy_internal.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "config/config_read_internal.h"
#include "loader/augment_policy_internal.h"

#include <string.h>

MOCO__DEFINE_INIT(moco_features_options, MOCO_FEATURES_OPTIONS_INIT)

moco_status moco__features_options_read(moco_features_options *out, const moco_features_options *options)
{
    MOCO__READ_OPTIONS(out, options, MOCO_FEATURES_OPTIONS_INIT);
    return MOCO_OK;
}

/* Returns the preset that tests networks of a configuration. A preset that is for tests itself has no other one. */
static const char *preset_of(const moco_config *config)
{
    const char *name = moco__augment_eval_preset(config->augment);
    for (size_t i = 0; name == NULL && moco_augment_preset_name(i) != NULL; ++i) {
        name = strcmp(moco_augment_preset_name(i), config->augment) == 0 ? moco_augment_preset_name(i) : NULL;
    }
    return name;
}

/* A policy of the application's own has another size and normalisation than its preset, and a configuration may have
 * another normalisation. */
static moco_status set_own(moco_features_options *o, const moco_config *config)
{
    moco_augment_policy policy = MOCO_AUGMENT_POLICY_INIT;
    o->channels = (int32_t)config->channels;
    if (config->policy[0] != '\0' || config->normalize[0] != '\0' || config->channels != 3) {
        MOCO_TRY(moco_config_policy(&policy, config, MOCO_POLICY_EVALUATE));
        o->image_size = policy.size;
        o->statistics = policy.statistics;
        memcpy(o->mean, policy.mean, sizeof o->mean);
        memcpy(o->std, policy.std, sizeof o->std);
    }
    return MOCO_OK;
}

void moco_features_options_for(moco_features_options *options, const moco_config *config, moco_device device)
{
    moco_features_options o;
    moco_encoder_options network = MOCO_ENCODER_OPTIONS_INIT;
    moco_config c;
    if (options == NULL || moco__features_options_read(&o, options) != MOCO_OK ||
        moco__config_read(&c, config) != MOCO_OK || moco_config_encoder_options(&network, &c, device) != MOCO_OK) {
        return; /* moco_features_extract() says what is wrong with the options */
    }
    o.kind = c.knn_features == MOCO_KNN_OUTPUT ? MOCO_FEATURE_OUTPUT : MOCO_FEATURE_POOLED;
    o.augment = preset_of(&c);
    o.image_size = (int32_t)(c.knn_image_size > 0 ? c.knn_image_size : c.image_size);
    o.layout = network.layout;
    o.device = device;
    if (set_own(&o, &c) == MOCO_OK) { /* moco_config_check() says what is wrong with a policy */
        moco__options_write(options, &o, sizeof o);
    }
}

moco_status moco__features_policy(moco_augment_policy *out, const moco_features_options *options)
{
    const moco_augment_policy start = MOCO_AUGMENT_POLICY_INIT;
    *out = start;
    if (options->policy != NULL) {
        MOCO__READ_OPTIONS(out, options->policy, MOCO_AUGMENT_POLICY_INIT);
    } else {
        MOCO_TRY(moco_augment_preset(out, options->augment, options->image_size));
        if (options->std[0] > 0 && options->std[1] > 0 && options->std[2] > 0) {
            memcpy(out->mean, options->mean, sizeof out->mean);
            memcpy(out->std, options->std, sizeof out->std);
        }
        if (options->channels != 0) {
            out->channels = options->channels;
            out->statistics = options->statistics;
        }
    }
    out->channels = out->channels == 0 ? 3 : out->channels;
    if (options->kind == MOCO_FEATURE_PIXELS) { /* only divide by 255 */
        for (size_t c = 0; c < MOCO_MAX_CHANNELS; ++c) {
            out->statistics.mean[c] = 0;
            out->statistics.std[c] = 1;
        }
        memcpy(out->mean, start.mean, sizeof out->mean);
        memcpy(out->std, start.std, sizeof out->std);
    }
    return MOCO_OK;
}
