/* The checksum of the tensors of a safetensors file, which its metadata have. */
#ifndef MOCO_FORMATS_SAFETENSORS_CHECKSUM_INTERNAL_H
#define MOCO_FORMATS_SAFETENSORS_CHECKSUM_INTERNAL_H

#include "formats/safetensors_read_internal.h"

#define MOCO__CHECKSUM_KEY "checksum"

enum { MOCO__CHECKSUM_SIZE = 32 };

/* Writes the text of a CRC-32. */
void moco__checksum_text(char text[MOCO__CHECKSUM_SIZE], unsigned long sum);
/* Returns MOCO_EFORMAT if a file has a checksum, and its tensors another one. */
moco_status moco__safetensors_verify(const moco__safetensors *file, const char *path);

#endif
