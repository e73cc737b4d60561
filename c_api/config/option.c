/*
 * Sets and reads the fields of options as text, as their rows in a table describe them, independently of the locale.
 */
#include "config/option_names_internal.h"

#include "base/c_locale_internal.h"
#include "base/handle_internal.h"
#include "base/text_internal.h"
#include "base/utf8_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes "1 to 65536, or auto". */
static const char *range_text(const moco_option *option, char *buffer, size_t size)
{
    MOCO__IN_C_LOCALE;
    const char *automatic = option->zero_is_auto ? ", or auto" : "";
    const char *format = option->kind == MOCO_OPTION_INT ? "%.0f to %.0f%s" : "%.10g to %.10g%s";
    (void)snprintf(buffer, size, format, option->min, option->max, automatic);
    return buffer;
}

static moco_status wrong_number(const moco_option *option, const char *text)
{
    const bool whole_number = option->kind != MOCO_OPTION_REAL;
    char range[96];
    if (option->kind == MOCO_OPTION_UINT64) {
        (void)snprintf(range, sizeof range, "0 to %" PRIu64, UINT64_MAX);
    } else {
        (void)range_text(option, range, sizeof range);
    }
    return moco_error_set(MOCO_EINVALID, "%s: '%s' is not a %s in range; give %s", option->name, text,
                          whole_number ? "whole number" : "number", range);
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
    char *end = NULL;
    const double value = strtod_l(text, &end, moco__c_locale());
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
    return moco_error_set(MOCO_EINVALID, "%s: '%s' is neither true nor false; give one of the two", option->name, text);
}

static moco_status set_text(char *field, const moco_option *option, const char *text)
{
    const size_t length = strlen(text);
    if (length >= option->size) {
        return moco_error_set(MOCO_EINVALID, "%s: '%.40s%s' has %zu bytes; give at most %zu", option->name, text,
                              length > 40 ? "..." : "", length, option->size - 1);
    }
    if (!moco__is_utf8(text, length)) {
        return moco_error_set(MOCO_EINVALID, "%s: '%s' is not valid UTF-8; write it as UTF-8", option->name, text);
    }
    /* Clear the rest too, so that equal settings are equal bytes. The text may be the field itself: memmove. */
    memmove(field, text, length);
    memset(field + length, 0, option->size - length);
    return MOCO_OK;
}

/* Finds the index of a choice. */
static moco_status find_choice(size_t *index, const moco_option *option, const char *text)
{
    for (size_t i = 0; option->choices[i] != NULL; ++i) {
        if (strcmp(option->choices[i], text) == 0) {
            *index = i;
            return MOCO_OK;
        }
    }
    return moco__unknown_name(option->name, text, option->choices);
}

/* Whatever its enum, a field is a number of this type. */
typedef unsigned choice_value;

static moco_status set_choice(void *field, const moco_option *option, const char *text)
{
    size_t index = 0;
    if (option->size != sizeof(choice_value)) {
        return moco_error_set(MOCO_EINVALID, "%s: the field has %zu bytes; make it an enum, which has %zu",
                              option->name, option->size, sizeof(choice_value));
    }
    MOCO_TRY(find_choice(&index, option, text));
    const choice_value value = (choice_value)index;
    memcpy(field, &value, sizeof value);
    return MOCO_OK;
}

static moco_status set_name(char *field, const moco_option *option, const char *text)
{
    size_t index = 0;
    MOCO_TRY(find_choice(&index, option, text));
    return set_text(field, option, text);
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
    case MOCO_OPTION_NAME:
        return set_name(field, option, text);
    case MOCO_OPTION_TEXT:
    case MOCO_OPTION_PATH:
        return set_text(field, option, text);
    }
    return moco_error_set(MOCO_EINVALID, "%s: %d is not a moco_option_kind", option->name, (int)option->kind);
}

/* Writes the shortest decimal text that reads back as the same value. */
static void print_real(char *buffer, size_t size, double value)
{
    char text[32];
    MOCO__IN_C_LOCALE;
    for (int digits = 1; digits <= 17; ++digits) {
        if (strtod(moco__number_text(text, sizeof text, digits, value), NULL) == value) {
            break;
        }
    }
    (void)snprintf(buffer, size, "%s", text);
}

static moco_status get_choice(const void *values, const moco_option *option, char *buffer, size_t size)
{
    const char *name = moco_option_choice(values, option);
    if (name == NULL) {
        return moco_error_set(MOCO_EINVALID, "%s: the field does not hold one of its choices", option->name);
    }
    (void)snprintf(buffer, size, "%s", name);
    return MOCO_OK;
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
    case MOCO_OPTION_CHOICE:
        return get_choice(values, option, buffer, size);
    case MOCO_OPTION_TEXT:
    case MOCO_OPTION_NAME:
    case MOCO_OPTION_PATH:
        (void)snprintf(buffer, size, "%.*s", (int)option->size, (const char *)field);
        return MOCO_OK;
    }
    return moco_error_set(MOCO_EINVALID, "%s: %d is not a moco_option_kind", option->name, (int)option->kind);
}
