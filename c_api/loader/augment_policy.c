/* Lists the presets, and checks policies. */
#include "moco/augment.h"

#include "base/handle_internal.h"
#include "base/options_read_internal.h"
#include "loader/augment_policy_internal.h"

#include <math.h>
#include <string.h>

enum { MAX_SIZE = 16384, MAX_SHORT_SIDE = 2 * MAX_SIZE };

/* The range of aspect ratios in torchvision. */
#define RATIO 3.0 / 4.0, 4.0 / 3.0

typedef struct preset {
    const char *name;
    const char *eval; /* the preset that tests a network trained with this one; NULL: this one is only for tests */
    moco_augment_policy policy;
} preset;

#define IMAGENET_STATISTICS .mean = { 0.485, 0.456, 0.406 }, .std = { 0.229, 0.224, 0.225 }
#define CIFAR_STATISTICS .mean = { 0.4914, 0.4822, 0.4465 }, .std = { 0.2023, 0.1994, 0.2010 }
#define FASHION_STATISTICS .mean = { 0.2860, 0.2860, 0.2860 }, .std = { 0.3530, 0.3530, 0.3530 }

static const preset presets[] = {
    /* Reference, main_moco.py: the augmentation of MoCo v1, from instance discrimination (arXiv 1805.01978). */
    { "v1",
      "eval",
      { .size = 224,
        .count = 4,
        .ops = { { MOCO_RANDOM_RESIZED_CROP, 1.0, { 0.2, 1.0, RATIO } },
                 { MOCO_RANDOM_GRAYSCALE, 0.2, { 0 } },
                 { MOCO_COLOR_JITTER, 1.0, { 0.4, 0.4, 0.4, 0.4 } },
                 { MOCO_RANDOM_HFLIP, 0.5, { 0 } } },
        IMAGENET_STATISTICS } },
    /* Reference, main_moco.py --aug-plus: MoCo v2 (arXiv 2003.04297), as SimCLR's. */
    { "v2",
      "eval",
      { .size = 224,
        .count = 5,
        .ops = { { MOCO_RANDOM_RESIZED_CROP, 1.0, { 0.2, 1.0, RATIO } },
                 { MOCO_COLOR_JITTER, 0.8, { 0.4, 0.4, 0.4, 0.1 } },
                 { MOCO_RANDOM_GRAYSCALE, 0.2, { 0 } },
                 { MOCO_GAUSSIAN_BLUR, 0.5, { 0.1, 2.0 } },
                 { MOCO_RANDOM_HFLIP, 0.5, { 0 } } },
        IMAGENET_STATISTICS } },
    /* Reference, CIFAR-10 demo. */
    { "cifar",
      "eval-cifar",
      { .size = 32,
        .count = 4,
        .ops = { { MOCO_RANDOM_RESIZED_CROP, 1.0, { 0.08, 1.0, RATIO } },
                 { MOCO_RANDOM_HFLIP, 0.5, { 0 } },
                 { MOCO_COLOR_JITTER, 0.8, { 0.4, 0.4, 0.4, 0.1 } },
                 { MOCO_RANDOM_GRAYSCALE, 0.2, { 0 } } },
        CIFAR_STATISTICS } },
    /* The images are grey: no saturation and no hue. */
    { "fashion-mnist",
      "eval-fashion-mnist",
      { .size = 28,
        .count = 3,
        .ops = { { MOCO_RANDOM_RESIZED_CROP, 1.0, { 0.4, 1.0, RATIO } },
                 { MOCO_COLOR_JITTER, 0.8, { 0.8, 0.8, 0, 0 } },
                 { MOCO_RANDOM_HFLIP, 0.5, { 0 } } },
        FASHION_STATISTICS } },
    /* Resize(256) and CenterCrop(224); moco_augment_preset() scales both for other sizes. */
    { "eval",
      NULL,
      { .size = 224,
        .count = 2,
        .ops = { { MOCO_RESIZE, 1.0, { 256 } }, { MOCO_CENTER_CROP, 1.0, { 0 } } },
        IMAGENET_STATISTICS } },
    { "plain",
      "plain",
      { .size = 32,
        .count = 2,
        .ops = { { MOCO_RESIZE, 1.0, { 0 } }, { MOCO_CENTER_CROP, 1.0, { 0 } } },
        IMAGENET_STATISTICS } },
    { "eval-cifar",
      NULL,
      { .size = 32,
        .count = 2,
        .ops = { { MOCO_RESIZE, 1.0, { 0 } }, { MOCO_CENTER_CROP, 1.0, { 0 } } },
        CIFAR_STATISTICS } },
    { "eval-fashion-mnist",
      NULL,
      { .size = 28,
        .count = 2,
        .ops = { { MOCO_RESIZE, 1.0, { 0 } }, { MOCO_CENTER_CROP, 1.0, { 0 } } },
        FASHION_STATISTICS } },
};
enum { PRESET_COUNT = sizeof presets / sizeof presets[0] };

const char *moco_augment_preset_name(size_t index)
{
    return index < PRESET_COUNT ? presets[index].name : NULL;
}

const char *moco__augment_eval_preset(const char *name)
{
    for (size_t i = 0; name != NULL && i < PRESET_COUNT; ++i) {
        if (strcmp(presets[i].name, name) == 0) {
            return presets[i].eval;
        }
    }
    return NULL;
}

static moco_status unknown_preset(const char *name)
{
    char known[256] = "";
    for (size_t i = 0; i < PRESET_COUNT; ++i) {
        (void)strncat(known, i > 0 ? ", " : "", sizeof known - strlen(known) - 1);
        (void)strncat(known, presets[i].name, sizeof known - strlen(known) - 1);
    }
    return moco_error_set(MOCO_EINVALID, "augment: preset \"%s\" is not known; use one of %s", name, known);
}

MOCO__DEFINE_INIT(moco_augment_policy, MOCO_AUGMENT_POLICY_INIT)

moco_status moco_augment_preset(moco_augment_policy *out, const char *name, int32_t size)
{
    moco_augment_policy policy;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(name);
    MOCO__READ_OPTIONS(&policy, out, MOCO_AUGMENT_POLICY_INIT); /* only for its struct_size */
    if (size < 0 || size > MAX_SIZE) {
        return moco_error_set(MOCO_EINVALID, "augment: size %d must be 1 to %d pixels, or 0 for the size of the preset",
                              size, MAX_SIZE);
    }
    for (size_t i = 0; i < PRESET_COUNT; ++i) {
        if (strcmp(presets[i].name, name) != 0) {
            continue;
        }
        policy = presets[i].policy;
        policy.channels = 3;
        if (size > 0) {
            policy.size = size;
        }
        /* The evaluation crop keeps the proportion of 224 to 256. */
        if (policy.ops[0].kind == MOCO_RESIZE && policy.ops[0].parameter[0] > 0) {
            policy.ops[0].parameter[0] = floor(policy.size * 8.0 / 7.0 + 0.5);
        }
        moco__options_write(out, &policy, sizeof policy);
        return MOCO_OK;
    }
    return unknown_preset(name);
}

moco_status moco_augment_classifier(moco_augment_policy *out, const char *pretraining, int32_t size)
{
    static const moco_augment_op flip = { MOCO_RANDOM_HFLIP, 0.5, { 0 } };
    moco_augment_policy policy;
    MOCO_CHECK_ARG(out);
    MOCO_CHECK_ARG(pretraining);
    MOCO__READ_OPTIONS(&policy, out, MOCO_AUGMENT_POLICY_INIT); /* only for its struct_size */
    MOCO_TRY(moco_augment_preset(&policy, pretraining, size));
    const bool is_reference = strcmp(pretraining, "v1") == 0 || strcmp(pretraining, "v2") == 0;
    const size_t count = policy.count;
    policy.count = 0;
    for (size_t i = 0; i < count; ++i) {
        const moco_augment_op op = policy.ops[i];
        if (op.kind == MOCO_RANDOM_RESIZED_CROP || op.kind == MOCO_RESIZE || op.kind == MOCO_CENTER_CROP) {
            policy.ops[policy.count++] = op;
        }
    }
    if (is_reference) {
        policy.ops[0].parameter[0] = 0.08;
    }
    policy.ops[policy.count++] = flip;
    moco__options_write(out, &policy, sizeof policy);
    return MOCO_OK;
}

/* ---- Checks; a NaN fails them ---- */

static bool within(double value, double low, double high)
{
    return value >= low && value <= high;
}

static bool is_range(const double bounds[2], double low, double high)
{
    return within(bounds[0], low, high) && within(bounds[1], low, high) && bounds[0] <= bounds[1];
}

/* Returns what is wrong with the parameters of an operation; NULL: nothing. */
static const char *complaint(const moco_augment_op *op)
{
    static const double tiny = 1e-6;
    static const double huge = 1e6;
    static const double huger = 1e300;
    const double *p = op->parameter;
    switch (op->kind) {
    case MOCO_RANDOM_RESIZED_CROP:
        if (!is_range(p, tiny, 1.0)) {
            return "area scale must be 0 < min <= max <= 1";
        }
        return is_range(p + 2, tiny, huge) ? NULL : "aspect ratio must be 0 < min <= max";
    case MOCO_COLOR_JITTER:
        if (!within(p[0], 0, huge) || !within(p[1], 0, huge) || !within(p[2], 0, huge)) {
            return "brightness, contrast and saturation must be 0 or more";
        }
        return within(p[3], 0, 0.5) ? NULL : "hue must be 0 to 0.5";
    case MOCO_GAUSSIAN_BLUR:
        return is_range(p, 0, 1000) ? NULL : "sigma must be 0 <= min <= max <= 1000";
    case MOCO_RESIZE:
        return within(p[0], 0, MAX_SHORT_SIDE) && floor(p[0]) == p[0]
                   ? NULL
                   : "the short side must be 0 to 32768 whole pixels";
    case MOCO_AUGMENT_CALLBACK:
        return within(p[0], -huger, huger) && within(p[1], -huger, huger) && within(p[2], -huger, huger) &&
                       within(p[3], -huger, huger)
                   ? NULL
                   : "parameters must be finite";
    case MOCO_RANDOM_GRAYSCALE:
    case MOCO_RANDOM_HFLIP:
    case MOCO_CENTER_CROP:
        return NULL;
    }
    return "the kind of operation is not known";
}

const char *moco__augment_kind_name(size_t kind)
{
    static const char *const names[] = { "RandomResizedCrop",    "ColorJitter", "RandomGrayscale", "GaussianBlur",
                                         "RandomHorizontalFlip", "Resize",      "CenterCrop",      "Callback" };
    return kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

static const char *kind_name(moco_augment_kind kind)
{
    const char *name = moco__augment_kind_name((size_t)kind);
    return name != NULL ? name : "unknown";
}

static moco_status check_op(size_t place, const moco_augment_op *op)
{
    const double *p = op->parameter;
    const char *wrong = complaint(op);
    if (wrong == NULL && !within(op->probability, 0.0, 1.0)) {
        return moco_error_set(MOCO_EINVALID, "augment: operation %zu (%s): probability %g must be 0 to 1", place,
                              kind_name(op->kind), op->probability);
    }
    if (wrong != NULL) {
        return moco_error_set(MOCO_EINVALID, "augment: operation %zu (%s): %s; parameters are %g %g %g %g", place,
                              kind_name(op->kind), wrong, p[0], p[1], p[2], p[3]);
    }
    return MOCO_OK;
}

static moco_status check_normalisation(const moco_augment_policy *policy)
{
    const bool is_rgb = policy->channels == 3;
    const double most = is_rgb ? 1e6 : 1e30; /* bands have any unit */
    const double *mean = moco_augment_mean(policy);
    const double *std = moco_augment_std(policy);
    if (policy->channels < 1 || policy->channels > MOCO_MAX_CHANNELS) {
        return moco_error_set(MOCO_EINVALID, "augment: channels %d must be 1 to %d", policy->channels,
                              MOCO_MAX_CHANNELS);
    }
    for (size_t c = 0; c < (size_t)policy->channels; ++c) {
        if (!within(mean[c], -most, most) || !within(std[c], 1 / most, most)) {
            return moco_error_set(MOCO_EINVALID,
                                  "augment: mean %g and std %g of channel %zu: give finite numbers, and a std above 0",
                                  mean[c], std[c], c);
        }
    }
    return MOCO_OK;
}

moco_status moco__augment_check_numbers(const moco_augment_policy *policy)
{
    if (policy->size < 1 || policy->size > MAX_SIZE) {
        return moco_error_set(MOCO_EINVALID, "augment: size %d must be 1 to %d pixels", policy->size, MAX_SIZE);
    }
    if (policy->count > MOCO_AUGMENT_MAX_OPS) {
        return moco_error_set(MOCO_EINVALID, "augment: %zu operations are more than the limit of %d", policy->count,
                              MOCO_AUGMENT_MAX_OPS);
    }
    for (size_t i = 0; i < policy->count; ++i) {
        MOCO_TRY(check_op(i, &policy->ops[i]));
    }
    return check_normalisation(policy);
}

moco_status moco__augment_policy_read(moco_augment_policy *out, const moco_augment_policy *policy)
{
    if (policy == NULL) {
        return moco_error_set(MOCO_EINVALID, "augment: argument policy is NULL");
    }
    MOCO__READ_OPTIONS(out, policy, MOCO_AUGMENT_POLICY_INIT);
    out->channels = out->channels == 0 ? 3 : out->channels;
    MOCO_TRY(moco__augment_check_numbers(out));
    for (size_t i = 0; i < out->count && out->callback == NULL; ++i) {
        if (out->ops[i].kind == MOCO_AUGMENT_CALLBACK) {
            return moco_error_set(MOCO_EINVALID,
                                  "augment: operation %zu is a callback, but the policy's callback is "
                                  "NULL; set it to the application's function",
                                  i);
        }
    }
    return MOCO_OK;
}

moco_status moco_augment_check(const moco_augment_policy *policy)
{
    moco_augment_policy known;
    return moco__augment_policy_read(&known, policy);
}
