/* Finds out how a shard is compressed, by its first bytes. */
#include "formats/tar_filter_internal.h"

#include "base/bytes_internal.h"

#include <archive.h>
#include <stdbool.h>
#include <string.h>

/* What the files of a filter begin with. */
typedef struct magic {
    size_t length;
    const char *bytes;
    int filter;
} magic;

static const magic magics[] = {
    { 2, "\x1F\x8B", ARCHIVE_FILTER_GZIP },
    { 6,
      "\xFD"
      "7zXZ\0",
      ARCHIVE_FILTER_XZ },
    { 3, "BZh", ARCHIVE_FILTER_BZIP2 },
    { 4, "\x04\x22\x4D\x18", ARCHIVE_FILTER_LZ4 },
    { 4, "\x28\xB5\x2F\xFD", ARCHIVE_FILTER_ZSTD },
    { 5, "LZIP\1", ARCHIVE_FILTER_LZIP },
    { 2, "\x1F\x9D", ARCHIVE_FILTER_COMPRESS },
};

/* A skippable frame of zstd, with which pzstd begins. */
static bool is_skippable(const uint8_t *bytes, size_t count)
{
    return count >= 4 && (bytes[0] & 0xF0U) == 0x50 && memcmp(bytes + 1, "\x2A\x4D\x18", 3) == 0;
}

/* The older format of xz has no magic: its usual properties, the size of a dictionary, and the size of what it holds,
 * which is unknown or below 2^40. A tar that begins like this has no text in its first name. */
static bool is_lzma(const uint8_t *bytes, size_t count)
{
    if (count < MOCO__TAR_FILTER_BYTES || bytes[0] != 0x5D) {
        return false;
    }
    const uint32_t dictionary = (uint32_t)moco__little_endian(bytes + 1, 4);
    const uint64_t size = moco__little_endian(bytes + 5, 8);
    const uint32_t rest = dictionary & (dictionary - 1);
    const bool is_power = rest == 0 || (rest & (rest - 1)) == 0; /* or one and a half of it */
    return dictionary >= 4096 && is_power && (size == UINT64_MAX || size >> 40 == 0);
}

uint64_t moco__tar_window(const uint8_t *bytes, size_t count)
{
    if (count < 6 || memcmp(bytes, "\x28\xB5\x2F\xFD", 4) != 0 || (bytes[4] & 0x20U) != 0) {
        return 0;
    }
    const uint64_t base = (uint64_t)1 << (10 + (bytes[5] >> 3));
    return base + base / 8 * (bytes[5] & 7U);
}

int moco__tar_filter(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; ++i) {
        if (count >= magics[i].length && memcmp(bytes, magics[i].bytes, magics[i].length) == 0) {
            return magics[i].filter;
        }
    }
    if (is_skippable(bytes, count)) {
        return ARCHIVE_FILTER_ZSTD;
    }
    return is_lzma(bytes, count) ? ARCHIVE_FILTER_LZMA : ARCHIVE_FILTER_NONE;
}
