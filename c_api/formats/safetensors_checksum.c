/* Finds damaged tensors: the rest of a header tells how long they are, but not what they were. */
#include "formats/safetensors_checksum_internal.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char kind[] = "crc32:";

void moco__checksum_text(char text[MOCO__CHECKSUM_SIZE], unsigned long sum)
{
    (void)snprintf(text, MOCO__CHECKSUM_SIZE, "%s%08lx", kind, sum);
}

moco_status moco__safetensors_verify(const moco__safetensors *file, const char *path)
{
    const char *expected = moco__safetensors_metadata(file, MOCO__CHECKSUM_KEY);
    if (expected == NULL || strncmp(expected, kind, strlen(kind)) != 0) {
        return MOCO_OK; /* of another program, or of a version without checksums */
    }
    uLong sum = 0;
    const moco__safetensors_entry *entry;
    for (size_t i = 0; (entry = moco__safetensors_get(file, i)) != NULL; ++i) {
        sum = crc32_z(sum, entry->data, entry->bytes);
    }
    char text[MOCO__CHECKSUM_SIZE];
    moco__checksum_text(text, sum);
    return strcmp(text, expected) == 0
               ? MOCO_OK
               : moco_error_set(MOCO_EFORMAT,
                                "%s: damaged since it was written: its tensors have the checksum %s, not %s; take a "
                                "copy of it, or another checkpoint",
                                path, text, expected);
}
