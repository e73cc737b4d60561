/* Whether bytes are UTF-8. */
#include "utf8.h"

bool moco__is_utf8(const char *text, size_t length)
{
    const unsigned char *byte = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        const unsigned char first = byte[i];
        const size_t more = first < 0x80 ? 0 : first < 0xC2 ? 4 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        if (more == 4 || first > 0xF4 || i + more >= length) {
            return false;
        }
        uint32_t point = more == 0 ? first : first & (0x3FU >> more);
        for (size_t j = 1; j <= more; ++j) {
            if ((byte[i + j] & 0xC0) != 0x80) {
                return false;
            }
            point = point << 6 | (byte[i + j] & 0x3FU);
        }
        const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}
