/* Checks UTF-8. */
#include "base/utf8_internal.h"

size_t moco__utf8_length(const char *text, size_t left)
{
    const unsigned char *at = (const unsigned char *)text;
    const size_t length = at[0] < 0x80   ? 1
                          : at[0] < 0xC2 ? 0
                          : at[0] < 0xE0 ? 2
                          : at[0] < 0xF0 ? 3
                          : at[0] < 0xF5 ? 4
                                         : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; ++i) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    const bool wrong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
                       (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F);
    return wrong ? 0 : length;
}

bool moco__is_utf8(const char *text, size_t length)
{
    size_t taken = 0;
    for (; length > 0; text += taken, length -= taken) {
        taken = moco__utf8_length(text, length);
        if (taken == 0) {
            return false;
        }
    }
    return true;
}
