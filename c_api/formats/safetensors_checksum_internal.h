/* The checksum of a safetensors file, which stands in its own header. */
#ifndef MOCO_FORMATS_SAFETENSORS_CHECKSUM_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_CHECKSUM_INTERNAL_H

#include "formats/safetensors_read_internal.h"

/* Key and value both say whose checksum it is, so that damage of either does not hide it. */
#define MOCO__CHECKSUM_KEY "moco.checksum"
#define MOCO__CHECKSUM_KIND "moco-crc32:"
/* What a header has while the sum is computed. */
#define MOCO__CHECKSUM_NONE MOCO__CHECKSUM_KIND "00000000"

/* Returns where the eight digits are in a header; NULL if it has no checksum. */
char *moco__checksum_digits(char *header, size_t length);
/* Writes the digits, without a NUL at their end. */
void moco__checksum_put(char *digits, unsigned long sum);
/* Returns MOCO_EFORMAT if a file has a checksum, and its bytes another one. */
moco_status moco__safetensors_verify(const moco__safetensors *file, const char *path);

#endif
