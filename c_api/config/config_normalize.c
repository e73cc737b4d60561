/* Reads and writes the option normalize: auto, imagenet, none, or "MEAN,MEAN,../STD,STD,..". */
#include "config/config_normalize_internal.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/text_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 6 };

static moco_status wrong_list(const moco_config *config)
{
    return moco_error_set(
        MOCO_EINVALID,
        "normalize: '%.60s%s' is not a list of means and standard deviations for %lld channel%s; give "
        "auto, imagenet, none, or one number for all or %lld numbers on each side of a slash, as "
        "0.5,0.4/0.2,0.2, with standard deviations above 0",
        config->normalize, strlen(config->normalize) > 60 ? "..." : "", (long long)config->channels,
        moco__plural((uint64_t)config->channels), (long long)config->channels);
}

/* Reads numbers with commas between them, up to `end`. One number stands for all channels. */
static bool read_numbers(double out[MOCO_MAX_CHANNELS], const char *text, const char *end, size_t channels)
{
    size_t count = 0;
    for (bool more = true; more; ++text) {
        char *after = NULL;
        const double value = strtod_l(text, &after, moco__c_locale());
        if (after == text || after > end || !isfinite(value) || count == channels) {
            return false;
        }
        out[count++] = value;
        text = after;
        more = text < end && *text == ',';
        if (!more && text != end) {
            return false;
        }
    }
    for (size_t c = 1; count == 1 && c < channels; ++c) {
        out[c] = out[0];
    }
    return count == 1 || count == channels;
}

static moco_status read_list(moco_statistics *out, const moco_config *config)
{
    const char *text = config->normalize;
    const char *slash = strchr(text, '/');
    const size_t channels = (size_t)config->channels;
    if (slash == NULL || !read_numbers(out->mean, text, slash, channels) ||
        !read_numbers(out->std, slash + 1, text + strlen(text), channels)) {
        return wrong_list(config);
    }
    for (size_t c = 0; c < channels; ++c) {
        if (!(out->std[c] > 0)) {
            return wrong_list(config);
        }
    }
    return MOCO_OK;
}

moco_status moco__normalize_read(moco__normalize *out, moco_statistics *statistics, const moco_config *config)
{
    static const moco_statistics imagenet = { { 0.485, 0.456, 0.406 }, { 0.229, 0.224, 0.225 } };
    const char *text = config->normalize;
    const bool is_rgb = config->channels == 3;
    moco_statistics found = { { 0 }, { 0 } };
    *out = MOCO__NORMALIZE_GIVEN;
    if (strcmp(text, "auto") == 0 || text[0] == '\0') {
        *out = text[0] == '\0' && is_rgb ? MOCO__NORMALIZE_OWN : MOCO__NORMALIZE_MEASURED;
        return MOCO_OK;
    }
    if (strcmp(text, "imagenet") == 0 && !is_rgb) {
        return moco_error_set(
            MOCO_EINVALID, "normalize: the statistics of imagenet are of 3 channels, not of %lld; use normalize auto",
            (long long)config->channels);
    }
    if (strcmp(text, "imagenet") == 0) {
        found = imagenet;
    } else if (strcmp(text, "none") == 0) {
        for (size_t c = 0; c < MOCO_MAX_CHANNELS; ++c) {
            found.std[c] = 1;
        }
    } else {
        MOCO_TRY(read_list(&found, config));
    }
    *statistics = found;
    return MOCO_OK;
}

void moco__normalize_write(moco_config *config, const moco_statistics *statistics)
{
    const size_t channels = (size_t)config->channels;
    size_t used = 0;
    MOCO__IN_C_LOCALE;
    for (size_t i = 0; i < 2 * channels; ++i) { /* MOCO_NORMALIZE_TEXT_MAX is enough for the longest numbers */
        char number[32];
        const double value = i < channels ? statistics->mean[i] : statistics->std[i - channels];
        const char *before = i == 0 ? "" : i == channels ? "/" : ",";
        used += (size_t)snprintf(config->normalize + used, sizeof config->normalize - used, "%s%s", before,
                                 moco__number_text(number, sizeof number, DIGITS, value));
    }
    memset(config->normalize + used, 0, sizeof config->normalize - used); /* equal settings are equal bytes */
}
