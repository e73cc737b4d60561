/*
 * Setting and reading options as text, by their rows in a table, independently of the locale.
 */
#include "base/handle_internal.h"
#include "base/utf8_internal.h"
#include "config/config_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* "1 to 65536, or auto". */
static const char *range_text(const moco_option *option, char *buffer, size_t size)
{
    const char *automatic = option->zero_is_auto ? ", or auto" : "";
    (void)snprintf(buffer, size, "%.10g to %.10g%s", option->min, option->max, automatic);
    return buffer;
}

static moco_status wrong_number(const moco_option *option, const char *text)
{
    const bool whole = option->kind != MOCO_OPTION_REAL;
    char range[96];
    if (option->kind == MOCO_OPTION_UINT64) {
        (void)snprintf(range, sizeof range, "0 to %" PRIu64, UINT64_MAX);
    } else {
        (void)range_text(option, range, sizeof range);
    }
    return moco_error_set(MOCO_EINVALID, "%s: '%s' is not a %s in range; give %s", option->name, text,
                          whole ? "whole number" : "number", range);
}

/* Whether the text has only the characters of a decimal number: no blanks, hexadecimal digits, "inf" or "nan". */
static bool is_decimal(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static moco_status set_int(int64_t *field, const moco_option *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    const bool automatic = option->zero_is_auto && value == 0;
    const bool fits = automatic || ((double)value >= option->min && (double)value <= option->max);
    if (!is_decimal(text, "+-0123456789") || *end != '\0' || errno != 0 || !fits) {
        return wrong_number(option, text);
    }
    *field = value;
    return MOCO_OK;
}

static moco_status set_uint64(uint64_t *field, const moco_option *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (!is_decimal(text, "0123456789") || *end != '\0' || errno != 0) {
        return wrong_number(option, text);
    }
    *field = value;
    return MOCO_OK;
}

static moco_status set_real(double *field, const moco_option *option, const char *text)
{
    (void)pthread_once(&once, make_locale);
    char *end = NULL;
    const double value = strtod_l(text, &end, c_locale);
    const bool automatic = option->zero_is_auto && value == 0;
    const bool fits = automatic || (value >= option->min && value <= option->max);
    if (!is_decimal(text, "+-.0123456789eE") || *end != '\0' || !fits) {
        return wrong_number(option, text);
    }
    *field = value;
    return MOCO_OK;
}

static moco_status set_bool(bool *field, const moco_option *option, const char *text)
{
    static const char *const words[][2] = { { "false", "true" }, { "no", "yes" }, { "off", "on" }, { "0", "1" } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; ++i) {
        for (int value = 0; value < 2; ++value) {
            if (strcmp(text, words[i][value]) == 0) {
                *field = value == 1;
                return MOCO_OK;
            }
        }
    }
    return moco_error_set(MOCO_EINVALID, "%s: '%s' is neither true nor false", option->name, text);
}

static moco_status set_text(char *field, const moco_option *option, const char *text)
{
    const size_t length = strlen(text);
    if (length >= option->size) {
        return moco_error_set(MOCO_EINVALID, "%s: '%.40s%s' has %zu bytes; at most %zu fit", option->name, text,
                              length > 40 ? "..." : "", length, option->size - 1);
    }
    if (!moco__is_utf8(text, length)) {
        return moco_error_set(MOCO_EINVALID, "%s: '%s' is not valid UTF-8; rename it", option->name, text);
    }
    /* The rest is cleared too, so that equal settings are equal bytes; memmove, as text may be the field itself. */
    memmove(field, text, length);
    memset(field + length, 0, option->size - length);
    return MOCO_OK;
}

static moco_status wrong_choice(const moco_option *option, const char *text)
{
    enum { MAX_CHOICES = 64, LIST_SIZE = 1024 };
    char copy[LIST_SIZE];
    char list[2 * LIST_SIZE] = "";
    const char *names[MAX_CHOICES];
    size_t count = 0;
    char *rest = NULL;
    (void)snprintf(copy, sizeof copy, "%s", option->choices);
    for (char *name = strtok_r(copy, "|", &rest); name != NULL && count < MAX_CHOICES;
         name = strtok_r(NULL, "|", &rest)) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", count > 0 ? ", " : "", name);
        names[count++] = name;
    }
    const char *near = moco_nearest_name(text, names, count);
    if (near != NULL) {
        return moco_error_set(MOCO_EINVALID, "%s: there is no '%s'; did you mean '%s'? (%s)", option->name, text, near,
                              list);
    }
    return moco_error_set(MOCO_EINVALID, "%s: there is no '%s'; choose one of %s", option->name, text, list);
}

static moco_status set_choice(char *field, const moco_option *option, const char *text)
{
    const size_t length = strlen(text);
    for (const char *choice = option->choices; *choice != '\0';) {
        const size_t end = strcspn(choice, "|");
        if (end == length && memcmp(choice, text, end) == 0) {
            return set_text(field, option, text);
        }
        choice += choice[end] == '|' ? end + 1 : end;
    }
    return wrong_choice(option, text);
}

moco_status moco_option_set(void *values, const moco_option *option, const char *text)
{
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(option);
    MOCO_CHECK_ARG(text);
    void *field = (char *)values + option->offset;
    if (option->zero_is_auto && strcmp(text, "auto") == 0) {
        text = "0";
    }
    switch (option->kind) {
    case MOCO_OPTION_INT:
        return set_int(field, option, text);
    case MOCO_OPTION_UINT64:
        return set_uint64(field, option, text);
    case MOCO_OPTION_REAL:
        return set_real(field, option, text);
    case MOCO_OPTION_BOOL:
        return set_bool(field, option, text);
    case MOCO_OPTION_CHOICE:
        return set_choice(field, option, text);
    case MOCO_OPTION_TEXT:
    case MOCO_OPTION_PATH:
        return set_text(field, option, text);
    }
    return moco_error_set(MOCO_EINVALID, "%s: kind %d is none of moco_option_kind", option->name, (int)option->kind);
}

moco_status moco_config_set(moco_config *config, const char *name, const char *value)
{
    MOCO_CHECK_ARG(config);
    MOCO_CHECK_ARG(name);
    MOCO_CHECK_ARG(value);
    const moco_option *option = moco_config_find_option(name);
    if (option != NULL) {
        return moco_option_set(config, option, value);
    }
    const char *near = moco_config_suggest(name);
    return near != NULL ? moco_error_set(MOCO_EINVALID, "there is no option '%s'; did you mean '%s'?", name, near)
                        : moco_error_set(MOCO_EINVALID, "there is no option '%s'", name);
}

/* The shortest decimal text that reads back as the same value. */
static void print_real(char *buffer, size_t size, double value)
{
    char text[32];
    (void)pthread_once(&once, make_locale);
    const locale_t previous = uselocale(c_locale);
    for (int digits = 1; digits <= 17; ++digits) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    (void)uselocale(previous);
    (void)snprintf(buffer, size, "%s", text);
}

moco_status moco_option_get(const void *values, const moco_option *option, char *buffer, size_t size)
{
    MOCO_CHECK_ARG(values);
    MOCO_CHECK_ARG(option);
    MOCO_CHECK_ARG(buffer);
    const void *field = (const char *)values + option->offset;
    switch (option->kind) {
    case MOCO_OPTION_INT: {
        const int64_t value = *(const int64_t *)field;
        (void)(option->zero_is_auto && value == 0 ? snprintf(buffer, size, "auto")
                                                  : snprintf(buffer, size, "%" PRId64, value));
        return MOCO_OK;
    }
    case MOCO_OPTION_REAL: {
        const double value = *(const double *)field;
        if (option->zero_is_auto && value == 0) {
            (void)snprintf(buffer, size, "auto");
        } else {
            print_real(buffer, size, value);
        }
        return MOCO_OK;
    }
    case MOCO_OPTION_UINT64:
        (void)snprintf(buffer, size, "%" PRIu64, *(const uint64_t *)field);
        return MOCO_OK;
    case MOCO_OPTION_BOOL:
        (void)snprintf(buffer, size, "%s", *(const bool *)field ? "true" : "false");
        return MOCO_OK;
    case MOCO_OPTION_TEXT:
    case MOCO_OPTION_CHOICE:
    case MOCO_OPTION_PATH:
        (void)snprintf(buffer, size, "%.*s", (int)option->size, (const char *)field);
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID, "%s: kind %d is none of moco_option_kind", option->name, (int)option->kind);
}

moco_status moco_config_get(const moco_config *config, const moco_option *option, char *buffer, size_t size)
{
    MOCO_CHECK_ARG(config);
    return moco_option_get(config, option, buffer, size);
}
