/* Builds HTML in memory. */
#include "report/html_internal.h"

#include "base/handle_internal.h"
#include "base/utf8_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void moco__html_bytes(moco__html *html, const void *bytes, size_t size)
{
    if (html->status == MOCO_OK) {
        html->status = moco__bytes_append(&html->bytes, bytes, size);
    }
}

/* The text of printf in new memory, or NULL with the status set. */
static char *format_new(moco__html *html, const char *format, va_list args) MOCO_PRINTF(2, 0);

static char *format_new(moco__html *html, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        html->status = moco_error_set(MOCO_ENOMEM, "out of memory for a part of a page");
        return NULL;
    }
    return text;
}

void moco__html_add(moco__html *html, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_new(html, format, args);
    va_end(args);
    if (text != NULL) {
        moco__html_bytes(html, text, strlen(text));
        free(text);
    }
}

void moco__html_textf(moco__html *html, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_new(html, format, args);
    va_end(args);
    if (text != NULL) {
        moco__html_text(html, text);
        free(text);
    }
}

/* Returns what replaces an ASCII character; NULL: nothing does. */
static const char *entity_of(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        break;
    }
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
    return control ? "\xEF\xBF\xBD" : NULL;
}

void moco__html_text_part(moco__html *html, const char *text, size_t size)
{
    while (size > 0) {
        const size_t length = moco__utf8_length(text, size);
        const char *other = length == 0 ? "\xEF\xBF\xBD" : length == 1 ? entity_of((unsigned char)text[0]) : NULL;
        const size_t taken = length == 0 ? 1 : length;
        if (other != NULL) {
            moco__html_bytes(html, other, strlen(other));
        } else {
            moco__html_bytes(html, text, length);
        }
        text += taken;
        size -= taken;
    }
}

void moco__html_text(moco__html *html, const char *text)
{
    moco__html_text_part(html, text, strlen(text));
}

void moco__html_base64(moco__html *html, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i < 3 ? size - i : 3;
        const uint32_t bits =
            (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? (uint32_t)at[i + 2] : 0);
        const char group[4] = { digits[bits >> 18], digits[bits >> 12 & 63], left > 1 ? digits[bits >> 6 & 63] : '=',
                                left > 2 ? digits[bits & 63] : '=' };
        moco__html_bytes(html, group, sizeof group);
    }
}
