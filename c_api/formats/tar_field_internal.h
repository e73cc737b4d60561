/* Reads numbers of tar headers, and says where an archive is wrong. */
#ifndef MOCO_FORMATS_TAR_FIELD_INTERNAL_H
#define MOCO_FORMATS_TAR_FIELD_INTERNAL_H

#include "formats/tar_source_internal.h"

enum { MOCO__TAR_BLOCK = 512 };

/* Parses a number in octal, or in base 256 if the first bit is set. False: not a number, negative, or over 63 bits. */
bool moco__tar_number(uint64_t *out, const uint8_t *field, size_t size);
/* Parses a decimal number that fills a text. False: not a number, or over 63 bits. */
bool moco__tar_decimal(uint64_t *out, const uint8_t *text, size_t size);
/* Sets the message "PATH: at offset N: WHAT". Returns ::MOCO_EFORMAT. */
moco_status moco__tar_bad(const moco__source *source, uint64_t at, const char *what);

#endif
