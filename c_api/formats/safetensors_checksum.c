/* Finds damaged bytes: a CRC-32 of the file, in which its own eight digits count as zeros. */
#include "formats/safetensors_checksum_internal.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { DIGITS = 8, PREFIX = 8 };

static const char key[] = "\"" MOCO__CHECKSUM_KEY "\":\"";
static const char kind[] = ":\"" MOCO__CHECKSUM_KIND;
static const char both[] = "\"" MOCO__CHECKSUM_KEY "\":\"" MOCO__CHECKSUM_KIND;

/* In JSON, a quote inside of a text has a backslash, so that no text can look like this. */
char *moco__checksum_digits(char *header, size_t length)
{
    char *at = memmem(header, length, both, sizeof both - 1);
    const size_t before = sizeof both - 1;
    return at != NULL && length - (size_t)(at - header) >= before + DIGITS ? at + before : NULL;
}

void moco__checksum_put(char *digits, unsigned long sum)
{
    char text[DIGITS + 1];
    (void)snprintf(text, sizeof text, "%08lx", sum & 0xFFFFFFFFUL);
    memcpy(digits, text, DIGITS);
}

static moco_status refuse(const char *path)
{
    return moco_error_set(MOCO_EFORMAT,
                          "%s: damaged since it was written, or changed by a program that kept " MOCO__CHECKSUM_KEY
                          ": the checksum differs; take a copy of it, or another checkpoint",
                          path);
}

moco_status moco__safetensors_verify(const moco__safetensors *file, const char *path)
{
    size_t bytes = 0;
    size_t header = 0;
    unsigned char *map = moco__safetensors_bytes(&bytes, &header, file);
    char *text = (char *)map + PREFIX;
    const char *digits = moco__checksum_digits(text, header);
    if (digits == NULL) { /* of another program, or of a version without checksums */
        const bool has_part =
            memmem(text, header, key, sizeof key - 1) != NULL || memmem(text, header, kind, sizeof kind - 1) != NULL;
        return has_part ? refuse(path) : MOCO_OK;
    }
    char found[DIGITS];
    const size_t at = (size_t)((const unsigned char *)digits - map);
    uLong sum = crc32_z(0, map, at);
    sum = crc32_z(sum, (const unsigned char *)"00000000", DIGITS);
    sum = crc32_z(sum, map + at + DIGITS, bytes - at - DIGITS);
    moco__checksum_put(found, sum);
    return memcmp(found, digits, DIGITS) == 0 ? MOCO_OK : refuse(path);
}
