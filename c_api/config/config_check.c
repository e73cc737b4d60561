/*
 * Checks a configuration: each range, and fields against each other.
 */
#include "base/handle_internal.h"
#include "config/config_check_internal.h"
#include "config/config_check_policy_internal.h"
#include "config/config_fields_internal.h"
#include "config/config_mechanism_internal.h"
#include "config/config_normalize_internal.h"
#include "config/config_read_internal.h"
#include "config/encoder_options_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An application may fill in fields by hand, so each must survive the way to text and back. */
static moco_status check_ranges(const moco_config *config)
{
    moco_config scratch = *config;
    char text[MOCO_PATH_MAX + 1];
    const moco_option *option = NULL;
    for (size_t i = 0; (option = moco_config_option(i)) != NULL; ++i) {
        MOCO_TRY(moco__config_get(config, option, text, sizeof text));
        MOCO_TRY(moco_option_set(&scratch, option, text));
    }
    return MOCO_OK;
}

/* Allows "auto", "cpu", "cuda" and "cuda:N"; moco_device_parse() finds out whether the machine has the device. */
static moco_status check_device(const moco_config *config)
{
    const char *device = config->device;
    const size_t digits = strncmp(device, "cuda:", 5) == 0 ? strspn(device + 5, "0123456789") : 0;
    const bool numbered = digits > 0 && digits <= 4 && device[5 + digits] == '\0';
    if (strcmp(device, "auto") != 0 && strcmp(device, "cpu") != 0 && strcmp(device, "cuda") != 0 && !numbered) {
        return moco_error_set(MOCO_EINVALID, "device: there is no '%s'; give auto, cpu, cuda or cuda:N", device);
    }
    return MOCO_OK;
}

static moco_status check_bn_splits(const moco_config *config)
{
    const int64_t batch = config->batch;
    const int64_t splits = config->bn_splits;
    if (splits == 0 || (batch % splits == 0 && batch / splits >= 2)) {
        return MOCO_OK;
    }
    int64_t divisor = splits < batch / 2 ? splits : batch / 2;
    while (batch % divisor != 0) {
        --divisor;
    }
    const int64_t groups = batch / splits < 2 ? 2 : (batch + splits - 1) / splits;
    return moco_error_set(MOCO_EINVALID,
                          "bn-splits: a batch of %" PRId64 " cannot be cut into %" PRId64
                          " equal groups of at least two images; use bn-splits %" PRId64 " or batch %" PRId64,
                          batch, splits, divisor, groups * splits);
}

static moco_status check_image_size(const moco_config *config)
{
    /* The ImageNet stem and stages shrink images by 32, so below 16 pixels several stages see a single pixel. */
    const int64_t least = config->cifar_stem || moco__architecture_is_small(config->arch) ? 8 : 16;
    if (config->image_size != 0 && config->image_size < least) {
        return moco_error_set(MOCO_EINVALID,
                              "image-size: %" PRId64 " is too small for %s; use %" PRId64 " or more, or cifar-stem",
                              config->image_size, config->arch, least);
    }
    return MOCO_OK;
}

static moco_status check_normalize(const moco_config *config)
{
    moco__normalize from;
    moco_statistics statistics;
    return moco__normalize_read(&from, &statistics, config);
}

/* Reads a number of epochs, with blanks around it. */
static bool next_milestone(const char **text, double *value)
{
    const char *digits = *text + strspn(*text, " ");
    const size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 9) {
        return false;
    }
    *value = (double)strtol(digits, NULL, 10);
    digits += length;
    *text = digits + strspn(digits, " ");
    return true;
}

moco_status moco__config_milestones(const moco_config *config, double milestones[MOCO_MAX_MILESTONES], size_t *count)
{
    MOCO_CHECK_ARG(milestones);
    MOCO_CHECK_ARG(count);
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    double values[MOCO_MAX_MILESTONES];
    size_t found = 0;
    const char *text = known.milestones;
    if (text[strspn(text, " ")] == '\0') {
        *count = 0;
        return MOCO_OK;
    }
    for (;;) {
        if (found == MOCO_MAX_MILESTONES) {
            return moco_error_set(MOCO_EINVALID, "milestones: '%s' has more than %d numbers; give fewer",
                                  known.milestones, MOCO_MAX_MILESTONES);
        }
        double value = 0;
        if (!next_milestone(&text, &value) || (*text != ',' && *text != '\0')) {
            return moco_error_set(MOCO_EINVALID, "milestones: '%s' is not a list of epochs; write it as 120,160",
                                  known.milestones);
        }
        if (value < 1 || (found > 0 && value <= values[found - 1])) {
            return moco_error_set(MOCO_EINVALID, "milestones: '%s' does not ascend from 1; write it as 120,160",
                                  known.milestones);
        }
        values[found++] = value;
        if (*text == '\0') {
            break;
        }
        ++text;
    }
    memcpy(milestones, values, found * sizeof values[0]);
    *count = found;
    return MOCO_OK;
}

static moco_status check_schedule(const moco_config *config)
{
    double milestones[MOCO_MAX_MILESTONES];
    size_t count = 0;
    MOCO_TRY(moco__config_milestones(config, milestones, &count));
    const bool steps = config->schedule == MOCO_SCHEDULE_STEPS;
    if (steps && count == 0) {
        return moco_error_set(MOCO_EINVALID, "milestones: schedule steps needs at least one; write them as 120,160, "
                                             "or use schedule constant");
    }
    if (config->max_steps > 0) {
        return MOCO_OK; /* how many epochs these are is not known without the data */
    }
    if (config->warmup_epochs > 0 && config->warmup_epochs >= (double)config->epochs) {
        return moco_error_set(MOCO_EINVALID,
                              "warmup-epochs: %g is not less than the %" PRId64 " epochs of the run; use fewer",
                              config->warmup_epochs, config->epochs);
    }
    /* The reference allows this, and short runs to try a recipe out are common. */
    if (steps && milestones[0] >= (double)config->epochs) {
        moco_log(MOCO_LOG_WARNING,
                 "milestones %s come after the last of %" PRId64 " epochs, so the learning rate never falls; schedule "
                 "cosine fits any length",
                 config->milestones, config->epochs);
    }
    return MOCO_OK;
}

static void warn_of_unusual(const moco_config *config)
{
    if (config->batch > 1024) {
        moco_log(MOCO_LOG_WARNING,
                 "batch %" PRId64 " is large for SGD: above 1024 accuracy falls without warm-up; see warmup-epochs",
                 config->batch);
    }
    if (config->channels != 3 && config->augment_precision == MOCO_AUGMENT_FAST) {
        moco_log(MOCO_LOG_WARNING,
                 "augment-precision fast is for 8-bit RGB; images of %" PRId64 " channels are always computed exactly",
                 config->channels);
    }
}

moco_status moco_config_check(const moco_config *config)
{
    moco_config known;
    MOCO_TRY(moco__config_read(&known, config));
    MOCO_TRY(check_ranges(&known));
    MOCO_TRY(check_device(&known));
    MOCO_TRY(check_bn_splits(&known));
    MOCO_TRY(check_image_size(&known));
    MOCO_TRY(check_normalize(&known));
    MOCO_TRY(moco__config_check_policy(&known));
    MOCO_TRY(check_schedule(&known));
    MOCO_TRY(moco__config_check_mechanism(&known));
    warn_of_unusual(&known);
    moco__config_warn_of_mechanism(&known);
    return MOCO_OK;
}
